"""An ingest by workers in this process, which travel as they would to others."""

import pickle
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.ingestion.distributed import Workers
from features.store.event_store import open_store


def workers_here(**tables: pa.Table) -> Workers:
    """Each call by a copy of its function, the pieces of each bucket in reverse order; and the tables they know."""

    def shuffle(check: Callable[[int], Any], sources: int, take: Callable[..., None], buckets: int) -> None:
        pieces = defaultdict(list)
        for number in reversed(range(sources)):
            for bucket, piece in check(number):
                pieces[bucket].insert(0, piece)
        for bucket, of_bucket in pieces.items():
            take(bucket, iter(of_bucket))

    def run(call: Callable[[int], int], count: int) -> Iterator[int]:
        copied = pickle.loads(pickle.dumps(call.keywords))  # type: ignore[attr-defined]
        yield from (call.func(number, **copied) for number in range(count))  # type: ignore[attr-defined]

    def write_table(name: str, folder: Path) -> None:
        folder.mkdir()
        pq.write_table(tables[name], folder / "part-0.parquet")

    return Workers(shuffle, run, write_table)


def contents(store: Path) -> dict[str, Any]:
    """What a store is: its events in each column, its manifest and the files beside the arrays.

    A bucket of its own may have a column without values that another way of reading leaves out.
    """
    opened = open_store(store)
    columns = {**opened.columns, **opened.identity, **opened.text_codes, "offsets": opened.offsets}
    manifest = {name: value for name, value in opened.manifest.items() if name not in ("folder", "buckets")}
    files = {file.name: file for file in opened.folder.iterdir() if file.is_file() and file.suffix != ".npy"}
    del files["manifest.json"]  # which names the folder
    return {
        "manifest": manifest,
        "columns": {name: (column.dtype, column.tobytes()) for name, column in columns.items()},
        "buckets": [customers.tolist() for customers, _ in opened.buckets],
        "files": {name: file.read_bytes() for name, file in files.items()},
    }
