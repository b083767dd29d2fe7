"""A folder of Parquet parts that appears, or takes the place of the one before, in one step when all parts are there.

    OUT/_regulars.json                                     what was computed: verb, cutoffs, digests, rows
    OUT/as_of=2011-12-10/bucket=003/part-00000.parquet     the rows of a range of customers, in order of their ids

Parts are collected in a hidden folder beside it, whose name has a digest of all that decides about their content. A run
that was interrupted goes on there with the parts that are not done.
"""

import ctypes
import json
import os
import shutil
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import quote

from features.atomic_file import atomic_write, check_before_replacing, fsync_path
from features.errors import StoreError, TableFileError
from features.scratch_folders import lock_folder, remove_leftovers
from features.store.event_store import EventStore

CONTENT_FILE = "_regulars.json"
"""Readers of partitioned data, Spark and PyArrow among them, skip files whose name begins with `_`."""
DONE = "_done"
_EXCHANGE, _AT_CWD = 2, -100  # RENAME_EXCHANGE and AT_FDCWD of renameat2(2)


def date_folder(folder: Path, as_of: str) -> Path:
    """Return the folder of a cutoff's rows, as Hive and Spark name partitions.

    Examples
    --------
    >>> date_folder(Path("out"), "2011-12-10T09:30+01:00").name
    'as_of=2011-12-10T09%3A30%2B01%3A00'
    """
    return folder / f"as_of={quote(as_of, safe='')}"


def content_of(folder: Path) -> dict[str, Any]:
    """Return what a folder of parts says of itself.

    Raises
    ------
    TableFileError
        When it is no folder that Regulars wrote.
    """
    try:
        content: dict[str, Any] = json.loads((folder / CONTENT_FILE).read_text())
    except (OSError, ValueError):
        raise TableFileError(f"{folder} is no folder of results: it has no {CONTENT_FILE}") from None
    return content


def require_replaceable(folder: Path) -> None:
    """Raise TableFileError unless there is nothing at the path, an empty folder, or results of an earlier run."""
    if folder.is_dir():
        if any(folder.iterdir()) and not (folder / CONTENT_FILE).is_file():
            raise TableFileError(f"{folder} has files that no run of regulars wrote: name another folder")
    elif folder.exists() or folder.is_symlink():
        raise TableFileError(f"{folder} is no folder: name a folder, or end the name with .parquet for one file")


@dataclass(frozen=True)
class StagedParts:
    """The parts of a result that is not complete yet.

    Attributes
    ----------
    folder : Path
        The hidden folder that collects them.
    """

    folder: Path

    def is_done(self, name: str) -> bool:
        """Return whether a part is done."""
        return self._file(name).is_file()

    def summary(self, name: str) -> str:
        """Return the summary of a part that is done; raises FileNotFoundError for another one."""
        return self._file(name).read_text()

    def finish(self, name: str, summary: str) -> None:
        """Keep the summary of a part whose files are all there: it is done."""
        with atomic_write(self._file(name)) as file:
            file.write_text(summary)

    def _file(self, name: str) -> Path:
        return self.folder / DONE / f"{name}.json"


@contextmanager
def staged_parts(folder: Path, content: Mapping[str, Any]) -> Iterator[StagedParts]:
    """Collect the parts of a result during the block, and put them in place at its end.

    Parameters
    ----------
    folder : Path
        Where the result goes. What an earlier run wrote there is replaced in one step: readers, and a kill at any
        moment, see the old parts or the new ones.
    content : mapping
        All that decides about the content of the parts, as JSON has it. After an exception or a kill the parts that are
        done stay, and a run with the same content goes on with the others.

    Yields
    ------
    StagedParts

    Raises
    ------
    TableFileError
        When something else is at the path, or another run is writing the same result there.
    """
    folder = folder.resolve()  # "." has no name
    require_replaceable(folder)
    text, prefix, suffix = json.dumps(content, sort_keys=True), f".{folder.name}.", ".parts"
    # Eight characters, as many as scratch folders have there, so that what others left is removed as theirs is.
    digest = urlsafe_b64encode(blake2b(text.encode(), digest_size=6).digest()).decode()
    staging = folder.parent / f"{prefix}{digest}{suffix}"
    staging.mkdir(parents=True, exist_ok=True)
    try:
        lock = lock_folder(staging)
    except BlockingIOError:
        raise TableFileError(f"another run is writing {folder}: wait for it, or name another folder") from None
    try:
        with _removed_after_erasure(staging):
            yield StagedParts(staging)
            shutil.rmtree(staging / DONE, ignore_errors=True)
            with atomic_write(staging / CONTENT_FILE) as file:
                file.write_text(json.dumps(content, indent=1))
            _put_in_place(staging, folder)
    finally:
        os.close(lock)
    remove_leftovers(folder.parent, prefix, suffix)


@contextmanager
def _removed_after_erasure(staging: Path) -> Iterator[None]:
    """Remove the parts when the block fails after an erasure: no later run goes on with them, and nobody finds them."""
    try:
        yield
    except Exception:
        try:
            check_before_replacing()  # an erasure takes the data folder away, so reading it may have failed first
        except StoreError:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        raise


def _put_in_place(staging: Path, folder: Path) -> None:
    check_before_replacing()
    if not folder.exists():
        staging.rename(folder)
    else:
        _exchange(staging, folder)
        shutil.rmtree(staging, ignore_errors=True)
    fsync_path(folder.parent)


def _exchange(one: Path, other: Path) -> None:
    """Let two folders change places in one step, or where the file system has no such step, in two."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename and rename(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), _EXCHANGE) == 0:
        return
    aside = one.with_name(f"{one.name}.old")
    other.rename(aside)
    one.rename(other)
    aside.rename(one)


def store_content(store: EventStore) -> dict[str, str]:
    """Return which data of a store a result is computed from."""
    return {"data_digest": store.manifest["digest"], "data_folder": store.folder.name, "timezone": store.timezone}
