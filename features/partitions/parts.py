"""Computes a result a range of customers at a time, on this machine or by Spark, and writes it as Parquet parts."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from features.atomic_file import atomic_write
from features.encryption.parquet_files import write_parquet
from features.partitions.customer_ranges import CustomerRange, customer_ranges
from features.partitions.folder import StagedParts, staged_parts
from features.partitions.runners import Runner, run_here
from features.store.event_store import EventStore, opened_bucket, words_of

Summary = dict[str, Any]


class Computation(Protocol):
    """What is computed for each range of customers; it is pickled where workers run elsewhere."""

    def __call__(self, store: EventStore, customers: CustomerRange, folder: Path) -> Summary:
        """Write the rows of the range below `folder`, and return their totals as JSON has them.

        `store` has the events of the range's bucket alone.
        """


def write_parts(
    store: EventStore,
    computation: Computation,
    content: Mapping[str, Any],
    folder: Path,
    run: Runner = run_here,
    progress: Callable[[int], None] | None = None,
) -> list[Summary]:
    """Write a result as a folder of parts, which appears when it is whole; an interrupted run goes on where it was.

    Parameters
    ----------
    store : EventStore
        A store on disk. Workers elsewhere must see it, and the result's folder, at the same path.
    computation : Computation
    content : mapping
        All that decides about the result, see `staged_parts`.
    folder : Path
        Where the result goes.
    run : callable
        Where to compute: `runners.run_here`, or a function of `spark_session.spark_runner`.
    progress : callable, optional
        Called with the number of customers of each range that is done.

    Returns
    -------
    list of dict
        The totals of each range.

    Raises
    ------
    TableFileError
        When the folder cannot be replaced.
    """
    ranges = customer_ranges(store)
    with staged_parts(folder, content) as staged:
        missing = [customers for customers in ranges if not staged.is_done(customers.name)]
        share = _Share(store.folder, store.manifest, computation, tuple(missing), staged)
        done = sum(customers.last - customers.first for customers in set(ranges) - set(missing))
        if progress and done:
            progress(done)
        for customers in run(share, len(missing)):
            if progress:
                progress(customers)
        return [json.loads(staged.summary(customers.name)) for customers in ranges]


@dataclass(frozen=True)
class _Share:
    """Computes the range of a number, wherever it is called, and returns how many customers that are."""

    data_folder: Path
    manifest: Mapping[str, Any]
    computation: Computation
    ranges: tuple[CustomerRange, ...]
    staged: StagedParts

    def __call__(self, number: int) -> int:
        customers = self.ranges[number]
        # Of a generation, which stays the same whatever is appended meanwhile.
        words = words_of(self.manifest)
        store = opened_bucket(self.data_folder, self.manifest, customers.bucket, words)
        summary = self.computation(store, customers, self.staged.folder)
        self.staged.finish(customers.name, json.dumps(summary))
        return customers.last - customers.first


def write_part(folder: Path, customers: CustomerRange, rows: pa.Table, row_group_size: int | None = None) -> None:
    """Write the rows of a range of customers below the folder of a date."""
    with atomic_write(folder / f"{customers.name}.parquet") as part:
        write_parquet(part, rows, row_group_size=row_group_size)
