"""Writes the event store in one step: readers see the old store or the whole new one."""

import fcntl
import json
import shutil
import uuid
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Self

import pyarrow as pa

from features.atomic_file import atomic_write, fsync_path
from features.errors import StoreError
from features.schema import RATING_MAXIMUM, WORDS
from features.store.column_writer import PackedBatch, write_sorted_columns
from features.store.customer_ids import CustomerIdEncoder
from features.store.event_store import SCHEMA_VERSION, EventStore, open_store
from features.store.row_packing import pack_rows
from features.timezones import business_timezone


class StoreWriter:
    """Writes a new event store at a path; what is there stays until `commit`, and after any failure before it.

    As a context manager: holds a lock on the path, and removes what was written unless it was committed. The steps
    are `add` for each batch, `write_columns`, files of one's own into `folder`, `commit`.

    Parameters
    ----------
    path : str or Path
        The folder of the store.
    timezone : str
        The business time zone, in which days are counted.
    digest : str
        Identifies the log; kept in the manifest.
    rating_maximum : float
        The highest rating that the log may have; kept in the manifest.

    Attributes
    ----------
    folder : Path
        The new data folder, inside the context.
    n_customers : int
        Customers with at least one event, after `write_columns`.

    Raises
    ------
    StoreError
        On entering, when the path is a file or another process is writing to it.
    """

    def __init__(self, path: str | Path, *, timezone: str, digest: str, rating_maximum: float = RATING_MAXIMUM) -> None:
        self.path = Path(path)
        self.n_customers = 0
        self._timezone = business_timezone(timezone)
        self._digest = digest
        self._rating_maximum = rating_maximum
        self._encoder = CustomerIdEncoder()
        self._batches: list[PackedBatch] = []
        self._manifest: dict[str, Any] = {}
        self._committing = False

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._lock = stack.enter_context(_locked(self.path))
            self.folder = self.path / f"events-{uuid.uuid4().hex[:12]}"
            self.folder.mkdir()
            self._on_exit = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        # Once the manifest may name the folder, a failure must leave it: the next write removes it at the latest.
        if not self._committing:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._on_exit.close()

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch of valid events, rows in any order.

        Parameters
        ----------
        batch : pyarrow.RecordBatch
            `customer_id` (strings, plain or dictionary-encoded) and the columns of `layout.DTYPES`, null where absent.
            The day follows from the time; `known_from` and `known_until` are optional.
        """
        self._batches.append(PackedBatch(pack_rows(batch), self._encoder.codes(batch["customer_id"])))

    def write_columns(self) -> None:
        """Write the sorted columns, offsets and customer ids to `folder`.

        Raises
        ------
        StoreError
            When a customer's amounts are too large to be summed.
        """
        facts = write_sorted_columns(self.folder, self._batches, self._encoder, self._timezone)
        self.n_customers = facts["customers"]
        self._manifest = {
            "schema_version": SCHEMA_VERSION,
            "folder": self.folder.name,
            "timezone": self._timezone.timezone,
            "digest": self._digest,
            "rating_maximum": self._rating_maximum,
            "words": WORDS.as_dict(),
            **facts,
        }

    def commit(self) -> None:
        """Put the new folder in the place of the old one: flush its files, write the manifest, remove what was left."""
        for file in [*self.folder.iterdir(), self.folder]:
            fsync_path(file)
        self._committing = True
        with atomic_write(self.path / "manifest.json") as part:
            part.write_text(json.dumps(self._manifest, indent=2))
        for folder in self.path.glob("events-*"):
            if folder != self.folder:
                shutil.rmtree(folder, ignore_errors=True)
        for leftover in self.path.glob(".manifest.json.*.part"):
            leftover.unlink()


def write_store(path: str | Path, batches: Iterable[pa.RecordBatch], *, timezone: str, digest: str) -> EventStore:
    """Write valid events to a store at the path and open it; see `StoreWriter` for the parameters.

    Parameters
    ----------
    path : str or Path
    batches : iterable of pyarrow.RecordBatch
        Batches as `StoreWriter.add` takes them.
    timezone : str
    digest : str

    Returns
    -------
    EventStore

    Raises
    ------
    StoreError
        When the path is a file, another process is writing to it, or a customer's amounts are too large to be summed.
    """
    with StoreWriter(path, timezone=timezone, digest=digest) as writer:
        for batch in batches:
            writer.add(batch)
        writer.write_columns()
        writer.commit()
    return open_store(path)


def _locked(path: Path) -> IO[str]:
    """Return a file that holds the path for one writer until it is closed or the process ends."""
    if path.exists() and not path.is_dir():
        raise StoreError(f"{path} is a file: name a folder for the store")
    path.mkdir(parents=True, exist_ok=True)
    lock = (path / ".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StoreError(f"another process is writing to {path}: wait for it, or name another folder") from None
    return lock
