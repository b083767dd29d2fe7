"""Finds the files that a path, a folder, a glob or a part of a zip archive stands for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import lru_cache
from glob import glob, has_magic
from pathlib import Path

from features.errors import SourceError
from features.ingestion.delta_tables import delta_files
from features.ingestion.packed_files import PackedFile, open_packed, zip_members

TABLES = {"_delta_log": "Delta", ".hoodie": "Hudi", "metadata/*.metadata.json": "Iceberg"}


@dataclass(frozen=True)
class SourceFile:
    """A file to read.

    Attributes
    ----------
    path : Path
        Where it is.
    name : str
        What messages call it; the path, if empty.
    member : str
        The file within a zip archive; empty for the archive's only one, and for other files.
    partition : mapping of str to str or None
        Columns whose value is in the path, as in `event_type=purchase/part-0.parquet`; texts, None for null.
    """

    path: Path
    name: str = ""
    member: str = ""
    partition: Mapping[str, str | None] = field(default_factory=dict)

    def open_packed(self) -> Path | PackedFile:
        """Return what to open: the file, or the unpacked bytes of it. Raises UnreadableSourceError."""
        return PackedFile(self.path, "zip", self.member) if self.member else open_packed(self.path)


def find_files(text: str) -> list[SourceFile]:
    """Return the files that a text stands for, sorted.

    Parameters
    ----------
    text : str
        A file; a glob; a folder, which stands for the Parquet files in it and below it or for the table that it is;
        or a file within a zip archive, such as `export.zip/orders.csv` or `export.zip/*.csv`.

    Raises
    ------
    SourceError
        When there is no such file, or it may not be looked for; names the nearest file.
    """
    try:
        files = _find_files(text)
    except OSError as error:
        raise SourceError(
            f"{text[:200]} cannot be read ({error.strerror}): check the path and its permissions"
        ) from None
    for folder in dict.fromkeys(parent for file in files if not file.name for parent in _parents(file.path)):
        if kind := table_format(folder):
            raise SourceError(
                f"{text} names files of the {kind} table {folder}, which hold removed rows too: name that folder"
            )
    return files


def _find_files(text: str) -> list[SourceFile]:
    path = Path(text)
    if path.is_dir():
        return _folder(path, text)
    if path.is_file():
        return [_local(path)]
    if path.exists():
        raise SourceError(f"{text} is a pipe or device, which can be read once only: write it to a file first")
    if path.is_symlink():
        raise SourceError(f"{text} is a link to {path.readlink()}, which is not there: check the link")
    if archive := next(
        (parent for parent in path.parents if parent.suffix.lower() == ".zip" and parent.is_file()), None
    ):
        return _members(archive, path.relative_to(archive).as_posix())
    if has_magic(text):
        matches = glob(text, recursive=True)  # noqa: PTH207 (absolute or not)
        files = [_local(Path(match)) for match in sorted(matches) if Path(match).is_file()]
        if not files:
            raise SourceError(f"no file matches {text}: check the pattern, and that a shell has not changed it")
        return files
    near = get_close_matches(path.name, [file.name for file in path.parent.glob("*")], 1)
    hint = f"did you mean {path.parent / near[0]}?" if near else "check the path"
    raise SourceError(f"there is no file {text}: {hint}")


def _local(path: Path) -> SourceFile:
    return SourceFile(path, partition=partition_values(path))


def _folder(path: Path, text: str) -> list[SourceFile]:
    kind = table_format(path)
    if kind == "Delta":
        return [SourceFile(file, str(file), partition=partition) for file, partition in delta_files(str(path))]
    if kind:
        raise SourceError(f"{text} is a table of {kind}, which is not read: export its current rows as Parquet")
    files = [
        file
        for file in path.rglob("*.parquet")
        if file.is_file() and not any(is_hidden(part) for part in file.relative_to(path).parts)
    ]
    if not files:
        raise SourceError(f"{text} is a folder without .parquet files: name a file, or a glob like '{text}/*.csv'")
    return [_local(file) for file in sorted(files)]


def is_hidden(part: str) -> bool:
    """Return whether a file or folder of this name is left out of a folder's files, as Spark leaves it out."""
    return part.startswith(".") or (part.startswith("_") and "=" not in part)


def _members(archive: Path, pattern: str) -> list[SourceFile]:
    members = zip_members(archive)
    names = [pattern] if pattern in members else sorted(name for name in members if fnmatchcase(name, pattern))
    if not names:
        near = get_close_matches(pattern, members, 1)
        hint = f"did you mean {archive}/{near[0]}?" if near else f"it has {', '.join(members[:10])}"
        raise SourceError(f"{archive} has no file {pattern}: {hint}")
    return [SourceFile(archive, f"{archive}/{name}", name, partition_values(Path(name))) for name in names]


def partition_values(path: Path) -> dict[str, str | None]:
    """Return the columns and values that the folders of a path name, as Hive and Spark write them."""
    keys = dict.fromkeys(part.partition("=")[0] for part in path.parent.parts if "=" in part.strip("="))
    if not keys:
        return {}
    from pyarrow import dataset, schema, string

    partitioning = dataset.HivePartitioning(schema([(key, string()) for key in keys]), segment_encoding="uri")
    values: dict[str, str | None] = dataset.get_partition_keys(partitioning.parse(f"{path.parent.as_posix()}/"))
    return values


def _parents(path: Path) -> list[Path]:
    return [parent for parent in path.parents if parent != Path(parent.anchor)]


@lru_cache(maxsize=1024)
def table_format(folder: Path) -> str:
    """Return which kind of table a folder is: Delta, Hudi, Iceberg, or none (an empty text)."""
    return next((name for mark, name in TABLES.items() if any(folder.glob(mark))), "")
