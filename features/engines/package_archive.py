"""Writes the packages of Regulars to an archive, for Spark's workers on machines where it is not installed."""

import zipfile
from importlib.util import find_spec
from pathlib import Path

from features.atomic_file import atomic_write

PACKAGES = ("cli", "features", "monitoring", "planning", "regulars", "reporting", "serving", "training")
"""The packages of the distribution."""
_FIRST_TIME = (1980, 1, 1, 0, 0, 0)  # that a zip archive can hold; with the files' own, equal packages would differ


def write_package_archive(path: str | Path) -> int:
    """Write all packages to a zip archive that Python imports from, and return the number of its files.

    Parameters
    ----------
    path : str or Path
        The archive, replaced in one step. Its bytes depend on the packages alone, not on when or where it is written.

    Notes
    -----
    Python's `zipimport` reads it, and so does `spark-submit --py-files`. The libraries that Regulars imports are not in
    it: they have compiled parts, which cannot be imported from an archive.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     count = write_package_archive(f"{folder}/regulars.zip")
    ...     names = zipfile.ZipFile(f"{folder}/regulars.zip").namelist()
    >>> count == len(names), "features/schema.py" in names
    (True, True)
    """
    files = sorted(file for name in PACKAGES for file in _files(name))
    with atomic_write(path) as part, zipfile.ZipFile(part, "w") as archive:
        for name, file in files:
            entry = zipfile.ZipInfo(name, _FIRST_TIME)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.read_bytes())
    return len(files)


def _files(package: str) -> list[tuple[str, Path]]:
    """Return the files of a package, each with its name in the archive."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    return [
        (file.relative_to(folder.parent).as_posix(), file)
        for file in folder.rglob("*")
        if file.is_file() and file.parent.name != "__pycache__" and not file.name.startswith(".")
    ]
