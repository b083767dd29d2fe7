"""Several versions of one event: same customer, event type and reference. The latest that was recorded is the event.

A version recorded before another stays valid until that one was recorded, so that what was known at an earlier
`as_of` does not change. Of versions recorded at the same moment (or without one) the greatest in content counts: later
time, then larger amount, then the other columns, null lowest; so the order of rows does not matter.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.schema import EVENT_TYPES
from features.store.customer_ids import text_hashes
from features.store.layout import ABSENT, VERSION_ORDER

PLACE = ("source", "row_number")
VERSION = "customer_id, kind, reference"


class EventVersions:
    """Finds the versions among events with references, which wait in a file: the last may correct the first.

    `scratch`: a folder for that file; `recorded`: whether any source says when it knew.
    """

    def __init__(self, scratch: Path, recorded: bool, memory_limit: str, threads: int) -> None:
        self.recorded = recorded
        self._path = scratch / "events.arrows"
        self._writer: pa.ipc.RecordBatchStreamWriter | None = None
        self._hashes: list[NDArray[np.uint64]] = []
        self._found = pa.table({"position": pa.array([], pa.int64())})
        self._settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "temp_directory": str(scratch / "duckdb"),
            "preserve_insertion_order": False,
        }

    def add(self, batch: pa.RecordBatch) -> None:
        """Let a batch wait: columns as checked, `reference` among them, and `PLACE`."""
        if pa.types.is_dictionary(batch["customer_id"].type):
            ids = batch["customer_id"].dictionary_decode()
            batch = batch.set_column(batch.schema.get_field_index("customer_id"), "customer_id", ids)
        if self.recorded and "known_from" not in batch.schema.names:
            batch = batch.append_column("known_from", pa.nulls(len(batch), pa.int64()))
        batch = batch.select(sorted(batch.schema.names))  # the file wants one order of columns
        self._writer = self._writer or pa.ipc.new_stream(str(self._path), batch.schema)
        self._writer.write_batch(batch)
        versions = text_hashes(batch["reference"])[:, 0] + batch["kind"].to_numpy()
        hashes = (versions * np.uint64(11400714819323198485)) ^ text_hashes(batch["customer_id"])[:, 0]
        hashes[batch["reference"].is_null().to_numpy(zero_copy_only=False)] = 0
        self._hashes.append(hashes)

    def _waiting(self) -> Iterator[pa.RecordBatch]:
        if self._writer:
            with pa.OSFile(str(self._path)) as file, pa.ipc.open_stream(file) as reader:
                yield from reader

    def find(self, out: Path, sources: Sequence[str]) -> int:
        """Find the versions of events that have several; return how many are no longer the event.

        If there are any, a CSV file at `out` names these rows and the row that replaced each. Raises
        duckdb.OutOfMemoryException where the memory limit is too small.
        """
        if self._writer is None:
            return 0
        self._writer.close()
        # Hashes first, which is quick and small: most references come once. Equal ones are compared in full below.
        every = np.concatenate(self._hashes)
        every.sort()
        repeated = np.unique(every[1:][every[1:] == every[:-1]])
        del every
        repeated = repeated[repeated > 0]
        if not len(repeated):
            return 0
        content = ", ".join(
            f"nullif({name}, {ABSENT[name]}) DESC NULLS LAST" if name in ABSENT else f"{name} DESC"
            for name in (*VERSION_ORDER, *PLACE)
        )
        moment = "known_from" if self.recorded else "NULL::BIGINT"
        with duckdb.connect(config=self._settings) as database:
            database.register("repeating", self._candidates(repeated))
            database.execute("CREATE TABLE candidates AS FROM repeating")
            database.unregister("repeating")
            database.execute(f"""
                CREATE TABLE versions AS
                WITH moments AS (
                    SELECT *, {moment} AS moment FROM candidates WHERE reference IS NOT NULL
                ), ranked AS (
                    SELECT *, row_number() OVER same AS place, first_value(source) OVER same AS best_source,
                        first_value(row_number) OVER same AS best_row
                    FROM moments WINDOW same AS (PARTITION BY {VERSION}, moment ORDER BY {content})
                ), best AS (
                    SELECT source, row_number, lead(moment) OVER later AS until, lead(source) OVER later AS next_source,
                        lead(row_number) OVER later AS next_row
                    FROM ranked WHERE place = 1 WINDOW later AS (PARTITION BY {VERSION} ORDER BY moment NULLS FIRST)
                )
                SELECT ranked.source, ranked.row_number, place > 1 AS dropped, until, moment,
                    {VERSION}, if(place > 1, best_source, next_source) AS by_source,
                    if(place > 1, best_row, next_row) AS by_row, position
                FROM ranked LEFT JOIN best USING (source, row_number)
                WHERE place > 1 OR next_row IS NOT NULL
            """)
            found = database.sql("SELECT position, dropped, until FROM versions ORDER BY position")
            self._found = found.to_arrow_table()
            if len(self._found):
                _write_csv(database, out, sources)
        return len(self._found)

    def _candidates(self, repeated: NDArray[np.uint64]) -> pa.RecordBatchReader:
        """Return the events whose hash another one has, with their `position` among those that wait."""

        def rows() -> Iterator[pa.RecordBatch]:
            first = 0
            for batch, hashes in zip(self._waiting(), self._hashes, strict=True):
                own = np.flatnonzero(repeated[np.searchsorted(repeated[:-1], hashes)] == hashes)
                yield batch.take(pa.array(own)).append_column("position", pa.array(own + first))
                first += len(batch)

        with pa.ipc.open_stream(str(self._path)) as waiting:
            schema = waiting.schema.append(pa.field("position", pa.int64()))
        return pa.RecordBatchReader.from_batches(schema, rows())

    def events(self) -> Iterator[pa.RecordBatch]:
        """Yield the events to keep; with `known_until` where another version replaced one of the batch later."""
        if not len(self._found):
            yield from self._waiting()
            return
        positions, dropped = (self._found[name].to_numpy() for name in ("position", "dropped"))
        until = self._found["until"].fill_null(ABSENT["known_until"]).to_numpy()
        first = 0
        for batch in self._waiting():
            here = slice(*np.searchsorted(positions, (first, first + len(batch))))
            rows = positions[here] - first
            known_until = np.full(len(batch), ABSENT["known_until"])
            known_until[rows] = until[here]
            kept = np.ones(len(batch), bool)
            kept[rows] = ~dropped[here]
            until_null = pa.array(known_until, mask=known_until == ABSENT["known_until"])
            first += len(batch)
            yield batch.append_column("known_until", until_null).filter(pa.array(kept))


def _write_csv(database: duckdb.DuckDBPyConnection, path: Path, sources: Sequence[str]) -> None:
    kinds = "[" + ", ".join(f"'{name}'" for name in EVENT_TYPES) + "]"
    database.execute(
        "CREATE TABLE names AS SELECT unnest(?) AS name, unnest(range(?)) AS source", [list(sources), len(sources)]
    )
    database.execute(f"""
        COPY (
            SELECT own.name AS source, row_number, customer_id, {kinds}[kind + 1] AS event_type, reference,
                strftime(make_timestamp(moment), '%Y-%m-%dT%H:%M:%S.%fZ') AS recorded_at,
                other.name AS replaced_by_source, by_row AS replaced_by_row_number,
                if(dropped, 'no', 'until then') AS valid
            FROM versions JOIN names own ON own.source = versions.source
                JOIN names other ON other.source = by_source
            ORDER BY versions.source, row_number
        ) TO '{str(path).replace("'", "''")}' (FORMAT csv, HEADER)
    """)
