"""Feature tables at several cutoffs as folders of Parquet parts: a range's events are read once for all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from features.as_of import AsOf
from features.definitions import FEATURE_NAMES
from features.engines.feature_table import SCHEMA, feature_rows
from features.engines.reused_memory import ReusedMemory
from features.partitions.customer_ranges import CustomerRange
from features.partitions.folder import date_folder, store_content
from features.partitions.joined_table import write_joined
from features.partitions.parts import Summary, write_part, write_parts
from features.partitions.runners import Runner, run_here
from features.scratch_folders import scratch_folder
from features.store.event_store import EventStore


def write_feature_parts(
    store: EventStore,
    as_ofs: Sequence[str],
    folder: str | Path,
    run: Runner = run_here,
    progress: Callable[[int], None] | None = None,
) -> dict[str, int]:
    """Write the feature tables at some cutoffs as a folder of Parquet parts.

    Parameters
    ----------
    store : EventStore
        A store on disk.
    as_ofs : sequence of str
        The cutoffs, each a date or a time.
    folder : str or Path
        Where they go; an earlier result there is replaced in one step.
    run : callable
        Where to compute, see `write_parts`.
    progress : callable, optional
        Called with the number of customers of each range that is done.

    Returns
    -------
    dict of str to int
        The number of rows at each cutoff.

    Raises
    ------
    AsOfError
        When a cutoff is not a date or time.
    TableFileError
        When the folder cannot be replaced.
    """
    computation = FeatureParts({as_of: AsOf.parse(as_of, store.timezone) for as_of in as_ofs})
    content = {"verb": "features", "as_of": list(as_ofs), "columns": list(FEATURE_NAMES), **store_content(store)}
    totals = write_parts(store, computation, content, Path(folder), run, progress)
    return {as_of: sum(each[as_of] for each in totals) for as_of in as_ofs}


def write_feature_file(
    store: EventStore,
    as_of: str,
    path: str | Path,
    run: Runner = run_here,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write the file of `feature_table.write_feature_table`, computed in parts, and return the number of its rows.

    Parameters
    ----------
    store : EventStore
        A store on disk.
    as_of : str
        A date or time.
    path : str or Path
        Its ending is the format. The parts are kept in a folder beside it until the file is written.
    run, progress
        As for `write_feature_parts`.
    """
    path = Path(path)
    with scratch_folder(path.parent, f".{path.name}.", ".parts") as scratch:
        write_feature_parts(store, [as_of], scratch / "parts", run, progress)
        return write_joined(store, date_folder(scratch / "parts", as_of), path, SCHEMA)


@dataclass(frozen=True)
class FeatureParts:
    """Computes and writes the feature rows of a range of customers.

    Attributes
    ----------
    cutoffs : dict of str to AsOf
        Each cutoff by its name in the folder.
    """

    cutoffs: dict[str, AsOf]

    def __call__(self, store: EventStore, customers: CustomerRange, folder: Path) -> Summary:
        """Write the rows at each cutoff, and return their numbers."""
        totals, memory = {}, ReusedMemory()
        for name, cutoff in self.cutoffs.items():
            table = feature_rows(store, cutoff, customers.first, customers.last, memory)
            rows = pa.Table.from_pandas(table.reset_index(), SCHEMA, preserve_index=False)
            write_part(date_folder(folder, name), customers, rows)
            totals[name] = len(rows)
        return totals
