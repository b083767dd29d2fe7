"""Checks that a file which is read once more gives the events that the store has of it, and does not count twice."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.errors import SourceError
from features.ingestion.known_sources import KnownSources
from features.ingestion.source_formats import Source
from features.store.event_store import EventStore

MOMENT = ("customer_id", "time", "kind")
EVENT = (*MOMENT, "cents")


class EventsReadAgain:
    """Collects the events of sources whose bytes a store has already.

    Parameters
    ----------
    known : KnownSources
    sources : sequence of Source
        The sources that are read, by number.
    """

    def __init__(self, known: KnownSources, sources: Sequence[Source]) -> None:
        self._known, self._sources = known, sources
        self._batches: dict[int, list[pa.Table]] = {number: [] for number in (*known.again, *known.otherwise)}

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch of events, with the number of their source in `source`."""
        for number, batches in self._batches.items():
            rows = batch.filter(pc.equal(batch["source"], number))
            if len(rows):
                batches.append(pa.table({name: _plain(rows[name]) for name in EVENT}))

    def check(self, store: EventStore, removed: Mapping[int, int]) -> list[str]:
        """Return a warning for each source that was read with other columns and seems to hold the same events.

        Parameters
        ----------
        store : EventStore
        removed : mapping of int to int
            By the number of a source, its rows that left the store: of erased customers, and those that are too old.

        Raises
        ------
        SourceError
            When events that the store has of a source would be others as it is read now, and count twice.
        """
        warnings = []
        for number, batches in self._batches.items():
            name = self._sources[number].name
            events = pa.concat_tables(batches) if batches else None
            stored = _stored_events(store, events["customer_id"]) if events else None
            equal = _common(events, stored, EVENT) if events and stored else 0
            if number in self._known.again:
                before = self._known.again[number]["events"] - removed.get(number, 0)
                if equal < before:
                    raise SourceError(
                        f"{name} was read before, and {before - equal:,} of its {before:,} events would be others as "
                        "it is read now and count twice: read it as before, or ingest the whole log again with "
                        "--replace"
                    )
            elif events and stored and 2 * (same := _common(events, stored, MOMENT) - equal) > len(events):
                warnings.append(
                    f"{name} was read before with other columns, and {same:,} of its {len(events):,} events have the "
                    "customer, time and type of stored ones and another amount: if they are the same events they count "
                    "twice; take them back with regulars store rollback and ingest the whole log again with --replace"
                )
        return warnings


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _stored_events(store: EventStore, customers: pa.ChunkedArray) -> pa.Table:
    """Return the stored events of some customers."""
    wanted = pc.is_in(store.customer_ids, customers.unique()).to_numpy(zero_copy_only=False)
    sizes = np.diff(store.offsets)
    rows = np.flatnonzero(np.repeat(wanted, sizes))
    owners = np.repeat(np.arange(len(sizes)), sizes)[rows]
    columns = {name: pa.array(store.columns[name][rows]) for name in EVENT[1:]}
    return pa.table({"customer_id": store.customer_ids.take(pa.array(owners)), **columns})


def _common(one: pa.Table, other: pa.Table, keys: Sequence[str]) -> int:
    """Return how many rows of two tables are equal in the keys; of repeated ones as many as both have."""
    left, right = (
        table.select(keys).cast(pa.schema([(keys[0], pa.string()), *((name, pa.int64()) for name in keys[1:])]))
        for table in (one, other)
    )
    counted = [table.group_by([*keys]).aggregate([([], "count_all")]) for table in (left, right)]
    both = counted[0].join(counted[1], [*keys], join_type="inner", right_suffix="_other")
    return int(pc.sum(pc.min_element_wise(both["count_all"], both["count_all_other"])).as_py() or 0)
