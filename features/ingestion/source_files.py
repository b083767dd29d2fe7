"""Finds the files that a path, a folder or a glob stands for."""

from difflib import get_close_matches
from glob import glob, has_magic
from pathlib import Path

from features.errors import SourceError


def find_files(text: str) -> list[Path]:
    """Return the files that a text stands for, sorted.

    Parameters
    ----------
    text : str
        A file, a glob, or a folder, which stands for the Parquet files in it and below it.

    Raises
    ------
    SourceError
        When there is no such file, or it may not be looked for; names the nearest file.
    """
    try:
        return _find_files(text)
    except OSError as error:
        raise SourceError(
            f"{text[:200]} cannot be read ({error.strerror}): check the path and its permissions"
        ) from None


def _find_files(text: str) -> list[Path]:
    path = Path(text)
    if path.is_dir():
        files = [file for file in path.rglob("*.parquet") if file.is_file() and not file.name.startswith((".", "_"))]
        if not files:
            raise SourceError(f"{text} is a folder without .parquet files: name a file, or a glob like '{text}/*.csv'")
        return sorted(files)
    if path.exists():
        return [path]
    if has_magic(text):
        matches = glob(text, recursive=True)  # noqa: PTH207 (absolute or not)
        files = [Path(match) for match in matches if Path(match).is_file()]
        if not files:
            raise SourceError(f"no file matches {text}: check the pattern, and that a shell has not changed it")
        return sorted(files)
    near = get_close_matches(path.name, [file.name for file in path.parent.glob("*")], 1)
    hint = f"did you mean {path.parent / near[0]}?" if near else "check the path"
    raise SourceError(f"there is no file {text}: {hint}")
