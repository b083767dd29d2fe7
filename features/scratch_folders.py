"""Scratch folders that outlive no process: removed at the end, and those of killed processes by the next one.

A folder belongs to the process that holds a lock on it. The system releases the lock however the process ends, so a
folder without one is a leftover, and no process id has to be trusted.
"""

import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "regulars-scratch-"
RANDOM = "?" * 8
"""A pattern of what `tempfile` puts between prefix and suffix; any name of another length is not ours to remove."""


@contextmanager
def scratch_folder(parent: str | Path | None = None, prefix: str = PREFIX, suffix: str = "") -> Iterator[Path]:
    """Make a folder for the block, and remove what killed processes left beside it.

    Parameters
    ----------
    parent : str or Path, optional
        Where to make it; it is made itself if it is missing. Without it the system's folder of temporary files.
    prefix, suffix : str
        Beginning and end of its name, at which leftovers are recognised.

    Yields
    ------
    Path
        The folder, empty.

    Examples
    --------
    >>> with scratch_folder() as folder:
    ...     (folder / "note.txt").touch()
    >>> folder.exists()
    False
    """
    parent = Path(parent or tempfile.gettempdir())
    parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(parent, prefix, suffix)
    lock: int | None
    while True:
        folder = Path(tempfile.mkdtemp(suffix, prefix, parent))
        # Between the two calls another process may have taken the new folder for a leftover.
        try:
            lock = lock_folder(folder)
        except (FileNotFoundError, BlockingIOError):
            continue
        except OSError:  # a drive without locks, where nobody removes leftovers
            lock = None
        if folder.exists():
            break
        if lock is not None:
            os.close(lock)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


@contextmanager
def process_scratch() -> Iterator[Path]:
    """Make a scratch folder the place of all temporary files during the block, those of libraries and children too.

    Libraries name theirs as they like, so what a kill leaves of them could not be told from the files of others.
    """
    with scratch_folder() as folder:
        variable, directory = os.environ.get("TMPDIR"), tempfile.tempdir
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
        try:
            yield folder
        finally:
            tempfile.tempdir = directory
            if variable is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = variable


def remove_leftovers(parent: Path, prefix: str = PREFIX, suffix: str = "") -> None:
    """Remove the scratch folders in `parent` that no process holds any more."""
    for folder in parent.glob(glob.escape(prefix) + RANDOM + glob.escape(suffix)):
        with suppress(OSError):  # in use, another user's, or being removed
            lock = lock_folder(folder)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def lock_folder(folder: Path) -> int:
    """Return a descriptor that locks the folder until it is closed; raises BlockingIOError when another has it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
