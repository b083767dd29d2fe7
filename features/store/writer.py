"""Writing the event store: rows in any order to columns sorted by customer and time, in one step or not at all.

Rows are sent straight to their customer's place (a counting sort), so the time grows with the rows alone; only the
rows of customers whose events came out of order are sorted by comparison.
"""

import fcntl
import json
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from features.atomic_file import atomic_write, fsync_path
from features.errors import StoreError
from features.store.customer_ids import CustomerIdEncoder
from features.store.event_store import SCHEMA_VERSION, EventStore, open_store
from features.store.layout import ABSENT, DTYPES, RECORD_COLUMNS
from features.store.row_packing import (
    PACKED_COLUMNS,
    RECORD_WORDS,
    WORDS,
    Words,
    pack_rows,
    scatter_rows,
    sort_rows,
    unpack_rows,
)
from features.timezones import BusinessTimezone, business_timezone

THREADS = 2
CUSTOMERS = 4096
LARGEST_SUM = 2**62


def write_store(
    path: str | Path,
    batches: Iterable[pa.RecordBatch],
    *,
    timezone: str,
    digest: str,
    beside: Callable[[Path], None] | None = None,
) -> EventStore:
    """Write checked events to a store at the path and open it; what was there before stays until the very end.

    Batches hold `customer_id` (strings, or codes and strings) and the columns of `store.DTYPES`, rows in any order; the
    day follows from the time, `known_from` and `known_until` may be left out, and are if they say nothing. `beside` is
    called with the new data folder when all rows were read, to put its own files there. Raises StoreError when another
    process is writing to the same path, and when a customer's amounts are too large to be summed.
    """
    path = Path(path)
    with _alone(path):
        folder = path / f"events-{uuid.uuid4().hex[:12]}"
        folder.mkdir()
        try:
            facts = _write_columns(folder, batches, business_timezone(timezone))
            if beside:
                beside(folder)
            for file in [*folder.iterdir(), folder]:
                fsync_path(file)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        # From here on the manifest may name the folder: what goes wrong now must leave it, to the next write at most.
        manifest = {"schema_version": SCHEMA_VERSION, "folder": folder.name, "timezone": timezone, "digest": digest}
        with atomic_write(path / "manifest.json") as part:
            part.write_text(json.dumps(manifest | facts, indent=2))
        for old in path.glob("events-*"):
            if old.name != folder.name:
                shutil.rmtree(old, ignore_errors=True)
        for part in path.glob(".manifest.json.*.part"):
            part.unlink()
    return open_store(path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the path for one writer; the lock goes with the process, however that ends."""
    if path.exists() and not path.is_dir():
        raise StoreError(f"{path} is a file: name a folder for the store")
    path.mkdir(parents=True, exist_ok=True)
    with (path / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"another process is writing to {path}: wait for it, or name another folder") from None
        yield


def _write_columns(folder: Path, batches: Iterable[pa.RecordBatch], clock: BusinessTimezone) -> dict[str, Any]:
    """Write the sorted columns, offsets and customer ids to the folder; return what the manifest says of them."""
    coder = CustomerIdEncoder()
    parts: list[tuple[Words, NDArray[np.int32]]] = []
    for batch in batches:
        parts.append((pack_rows(batch), coder.codes(batch["customer_id"])))
    ids, offsets, free = _customers(coder, [codes for _, codes in parts])
    np.save(folder / "offsets.npy", offsets)
    table = pa.table({"customer_id": ids})
    with pa.OSFile(str(folder / "customers.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    rows = _placed(parts, int(offsets[-1]), free)
    recorded = rows.shape[1] > WORDS
    names = [name for name in DTYPES if recorded or name not in RECORD_COLUMNS]
    columns = {name: _empty_column(folder / f"{name}.npy", DTYPES[name], len(rows)) for name in names}
    bounds = np.searchsorted(offsets, np.linspace(0, len(rows), THREADS + 1).astype(np.int64))

    def shelve(share: int) -> None:
        for first in range(bounds[share], bounds[share + 1], CUSTOMERS):
            last = min(first + CUSTOMERS, bounds[share + 1])
            sort_rows(rows, offsets, first, last)
            of_block = slice(offsets[first], offsets[last])
            block = {name: column[of_block] for name, column in columns.items()}
            unpack_rows(rows[of_block], *(block[name] for name in PACKED_COLUMNS))
            block["day"][:] = clock.days(block["time"])
            for name in RECORD_COLUMNS if recorded else ():
                block[name][:] = rows[of_block, RECORD_WORDS[name]]

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(shelve, range(THREADS)))
    _check_sums(columns["cents"], offsets, ids)
    return {
        "columns": names,
        "events": len(rows),
        "customers": len(ids),
        "priced_events": int(np.count_nonzero(columns["cents"] >= 0)),
        "first_time": int(columns["time"].min()) if len(rows) else None,
        "last_time": int(columns["time"].max()) if len(rows) else None,
    }


def _check_sums(cents: NDArray[np.int64], offsets: NDArray[np.int64], ids: pa.StringArray) -> None:
    """Raise StoreError when a customer's amounts could sum to more than an integer of 64 bits holds."""
    most = int(np.diff(offsets).max(initial=0)) * int(cents.max(initial=0))
    if most < LARGEST_SUM:
        return
    sums = np.add.reduceat(np.maximum(cents, 0).astype(np.float64), offsets[:-1])
    if sums.max() >= LARGEST_SUM:
        raise StoreError(
            f"the amounts of customer {ids[int(sums.argmax())].as_py()!r} sum to {sums.max() / 100:.3g}, more than can "
            f"be counted ({LARGEST_SUM / 100:.3g}): give amounts in thousands, or mend this customer's"
        )


def _empty_column(path: Path, dtype: type[np.generic], rows: int) -> NDArray[Any]:
    """Return a column that is a file of so many rows."""
    if not rows:  # an empty file cannot be mapped
        np.save(path, np.empty(0, dtype))
        return np.empty(0, dtype)
    return np.lib.format.open_memmap(path, "w+", dtype, (rows,))


def _customers(
    coder: CustomerIdEncoder, codes: list[NDArray[np.int32]]
) -> tuple[pa.StringArray, NDArray[np.int64], NDArray[np.int64]]:
    """Return the sorted ids of those who have rows, where the rows of each start, and that by the customer's code."""
    ids = coder.ids()
    counts = np.zeros(len(ids), np.int64)
    for some in codes:
        _count(some, counts)
    by_id = pc.sort_indices(ids).to_numpy()
    by_id = by_id[counts[by_id] > 0]  # an id may stand in a batch's dictionary and on none of its rows
    offsets = np.concatenate([[0], np.cumsum(counts[by_id])])
    free = np.zeros(len(ids), np.int64)
    free[by_id] = offsets[:-1]
    return ids.take(pa.array(by_id)), offsets, free


@njit(nogil=True, cache=True)
def _count(codes, counts):  # type: ignore[no-untyped-def]
    for code in codes:
        counts[code] += 1


def _placed(parts: list[tuple[Words, NDArray[np.int32]]], size: int, free: NDArray[np.int64]) -> Words:
    """Return all rows, those of a customer side by side; the parts are let go one by one."""
    width = max((words.shape[1] for words, _ in parts), default=WORDS)
    rows = np.empty((size, width), np.int64)
    for name in RECORD_COLUMNS if width > WORDS else ():
        rows[:, RECORD_WORDS[name]] = ABSENT[name]
    parts.reverse()
    while parts:
        scatter_rows(*parts.pop(), free, rows)
    return rows
