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

from features.codes import CustomerCoder
from features.files import sync, whole_file
from features.kernel import RECORD_COLUMNS
from features.store import ABSENT, DTYPES, SCHEMA_VERSION, EventStore, StoreError, open_store

THREADS = 2


def write_store(
    path: str | Path,
    batches: Iterable[pa.RecordBatch],
    *,
    timezone: str,
    digest: str,
    beside: Callable[[Path], None] | None = None,
) -> EventStore:
    """Write checked events to a store at the path and open it; what was there before stays until the very end.

    Batches hold `customer_id` (string) and the columns of `store.DTYPES` (`known_from`, `known_until` may be left
    out), rows in any order. `beside` is called with the new data folder when all rows were read, to put its own files
    there. Raises StoreError when another process is writing to the same path.
    """
    path = Path(path)
    with _alone(path):
        folder = path / f"events-{uuid.uuid4().hex[:12]}"
        folder.mkdir()
        try:
            facts = _write_columns(folder, batches)
            if beside:
                beside(folder)
            for file in [*folder.iterdir(), folder]:
                sync(file)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        # From here on the manifest may name the folder: what goes wrong now must leave it, to the next write at most.
        manifest = {"schema_version": SCHEMA_VERSION, "folder": folder.name, "timezone": timezone, "digest": digest}
        with whole_file(path / "manifest.json") as part:
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


def _write_columns(folder: Path, batches: Iterable[pa.RecordBatch]) -> dict[str, Any]:
    """Write the sorted columns, offsets and customer ids to the folder; return what the manifest says of them."""
    ids, codes, columns = _gathered(batches)
    offsets, places = _places(codes, len(ids))
    names = list(columns)
    np.save(folder / "offsets.npy", offsets)
    table = pa.table({"customer_id": ids})
    with (
        pa.OSFile(str(folder / "customers.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table)

    time = columns["time"] if len(places) else np.empty(0, np.int64)
    places = _in_order_of_time(time, places, offsets)

    def shelve(name: str) -> None:
        column = columns.pop(name)
        if len(column):  # an empty file cannot be mapped
            out = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", column.dtype, column.shape)
            _scatter(column, places, out)
        else:
            np.save(folder / f"{name}.npy", column)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(shelve, names))
    if len(time):
        _order_ties(folder, names, offsets)
    time, cents = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("time", "cents"))
    return {
        "columns": names,
        "events": len(time),
        "customers": len(ids),
        "priced_events": int(np.count_nonzero(cents >= 0)),
        "first_time": int(time.min()) if len(time) else None,
        "last_time": int(time.max()) if len(time) else None,
    }


def _gathered(
    batches: Iterable[pa.RecordBatch],
) -> tuple[pa.StringArray, NDArray[np.int32], dict[str, NDArray[Any]]]:
    """Return the sorted ids of the customers, each row's position among them, and the columns as the store has them."""
    coder = CustomerCoder()
    codes: list[NDArray[np.int32]] = []
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in DTYPES if name not in RECORD_COLUMNS}
    for batch in batches:
        codes.append(coder.codes(batch["customer_id"]))
        for name in DTYPES:
            if name in batch.schema.names:
                column = batch[name]
                if column.null_count:
                    column = pc.fill_null(column, pa.scalar(ABSENT[name], column.type))
                parts.setdefault(name, []).append(column.to_numpy())
    # One column at a time, its parts freed as soon as they are joined: the rows are never held twice.
    columns = {name: np.concatenate([np.empty(0, DTYPES[name]), *parts.pop(name)]) for name in list(parts)}
    ids = coder.ids()
    order = pc.sort_indices(ids)
    rank = np.empty(len(ids), np.int32)
    rank[order.to_numpy()] = np.arange(len(ids), dtype=np.int32)
    return ids.take(order), rank[np.concatenate([np.empty(0, np.int32), *codes])], columns


@njit(nogil=True, cache=True)
def _places(codes: NDArray[np.int32], customers: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each customer's rows start, and the place of each row among all, rows kept in order."""
    offsets = np.zeros(customers + 1, np.int64)
    for code in codes:
        offsets[code + 1] += 1
    for c in range(customers):
        offsets[c + 1] += offsets[c]
    free = offsets.copy()
    places = np.empty(len(codes), np.int64)
    for row in range(len(codes)):
        places[row] = free[codes[row]]
        free[codes[row]] += 1
    return offsets, places


@njit(nogil=True, cache=True)
def _scatter(column: NDArray[Any], places: NDArray[np.int64], out: NDArray[Any]) -> None:
    for row in range(len(places)):
        out[places[row]] = column[row]


def _in_order_of_time(
    time: NDArray[np.int64], places: NDArray[np.int64], offsets: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the places with each customer's rows in order of time, those of one moment kept in order."""
    placed = np.empty_like(time)
    _scatter(time, places, placed)
    bounds = np.linspace(0, len(offsets) - 1, THREADS + 1).astype(int)
    with ThreadPoolExecutor(THREADS) as pool:
        moved = pool.map(lambda t: _sort_customers(placed, offsets, bounds[t], bounds[t + 1]), range(THREADS))
        moves = list(moved)
    if not any(any_moved for _, any_moved in moves):
        return places
    return np.concatenate([to for to, _ in moves])[places]


@njit(nogil=True, cache=True)
def _sort_customers(time, offsets, first, last):  # type: ignore[no-untyped-def]
    """Return where each row of the customers first..last moves so that times ascend, and whether any moves."""
    start = offsets[first]
    to = np.arange(start, offsets[last])
    any_moved = False
    for customer in range(first, last):
        begin, end = offsets[customer], offsets[customer + 1]
        for row in range(begin + 1, end):
            if time[row] < time[row - 1]:
                any_moved = True
                for rank, was in enumerate(np.argsort(time[begin:end], kind="mergesort")):
                    to[begin + was - start] = begin + rank
                break
    return to, any_moved


def _order_ties(folder: Path, names: list[str], offsets: NDArray[np.int64]) -> None:
    """Order, in place, the events of one customer at one moment by kind, then by content.

    So the order of rows in the source never shows.
    """
    columns = {name: np.load(folder / f"{name}.npy", mmap_mode="r+") for name in names}
    tied = np.diff(columns["time"]) == 0
    tied[offsets[1:-1] - 1] = False  # two customers at one moment are no tie
    rows = np.flatnonzero(np.append(tied, False) | np.insert(tied, 0, False))
    run = np.cumsum(~tied[rows - 1] | (rows == 0))
    mixed = {name: columns[name][rows] for name in names}
    content = [mixed[name] for name in names if name not in ("time", "kind", *RECORD_COLUMNS)]
    # When it was known decides last: a later correction of one event must not move it among its equals.
    known = [mixed[name] for name in names if name in RECORD_COLUMNS]
    order = np.lexsort([*known, *content, mixed["kind"], run])
    for name in names:
        columns[name][rows] = mixed[name][order]
