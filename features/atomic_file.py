"""Atomic file writes that survive a crash, and file digests."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from features.scratch_folders import scratch_folder

_checks: list[Callable[[], None]] = []  # of the process: worker threads of a block write files too


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Replace a file in one step: readers, and a crash at any moment, see the old file or the whole new one.

    The file and then its folder are flushed to disk before the block's caller goes on. Several threads or processes
    may write to one path at the same time: the last one to finish wins. What a killed process left of this file is
    removed.

    Parameters
    ----------
    path : str or Path
        The file to write. Missing parent folders are made.

    Yields
    ------
    Path
        A path in a scratch folder beside the file, which the block writes to. It does not exist yet, so the new file
        gets the permissions of any newly opened file. An exception in the block removes it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with atomic_write(Path(folder) / "note.txt") as temporary:
    ...         _ = temporary.write_text("whole")
    ...     (Path(folder) / "note.txt").read_text()
    'whole'
    """
    path = Path(path)
    with scratch_folder(path.parent, f".{path.name}.", ".part") as folder:
        temporary = folder / path.name
        yield temporary
        fsync_path(temporary)
        check_before_replacing()
        temporary.replace(path)
        fsync_path(path.parent)


@contextmanager
def checked_before_replacing(check: Callable[[], None]) -> Iterator[None]:
    """Call a function at the last moment before anything is put in place during the block, in any thread.

    When it raises an error, what was there before stays.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> def refuse():
    ...     raise OSError("not now")
    >>> with TemporaryDirectory() as folder, checked_before_replacing(refuse):
    ...     with atomic_write(Path(folder) / "note.txt") as temporary:
    ...         _ = temporary.write_text("whole")
    Traceback (most recent call last):
    OSError: not now
    """
    _checks.append(check)
    try:
        yield
    finally:
        _checks.remove(check)


def check_before_replacing() -> None:
    """Call the functions of `checked_before_replacing`; for whoever renames a folder or commits to a database."""
    for check in tuple(_checks):
        check()


def fsync_path(path: Path) -> None:
    """Flush a file or folder to disk; a new or renamed file is safe only once its folder is flushed too."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_digest(path: str | Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
