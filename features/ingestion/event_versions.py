"""Resolves versions of one event: rows of one customer, event type and reference.

The version recorded last is the event. An earlier version stays valid until the next one was recorded, so what was
known at an earlier `as_of` does not change. Of versions recorded at the same time, or without a time, one wins by its
content (`layout.VERSION_ORDER`), so the order of rows does not matter.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.errors import SourceError
from features.schema import EVENT_TYPES
from features.store.customer_ids import text_hashes
from features.store.layout import ABSENT, VERSION_ORDER

ROW = ("source", "row_number")
EVENT = "customer_id, kind, reference"


class EventVersions:
    """Finds versions of events by reference; events wait on disk, because the last may correct the first.

    Parameters
    ----------
    scratch : Path
        A folder for temporary files.
    recorded : bool
        Whether any source has `recorded_at`.
    memory_limit : str
        The memory that the search may use, such as "1GB".
    threads : int
        The threads that it may use.
    """

    def __init__(self, scratch: Path, recorded: bool, memory_limit: str, threads: int) -> None:
        self.recorded = recorded
        self._path = scratch / "events.arrows"
        self._writer: pa.ipc.RecordBatchStreamWriter | None = None
        self._hashes: list[NDArray[np.uint64]] = []
        self._replaced = pa.table({"position": pa.array([], pa.int64())})
        self._settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "temp_directory": str(scratch / "duckdb"),
            "preserve_insertion_order": False,
        }

    def add(self, batch: pa.RecordBatch) -> None:
        """Keep a batch of valid events, with `reference` and the columns of `ROW`."""
        if pa.types.is_dictionary(batch["customer_id"].type):
            ids = batch["customer_id"].dictionary_decode()
            batch = batch.set_column(batch.schema.get_field_index("customer_id"), "customer_id", ids)
        if self.recorded and "known_from" not in batch.schema.names:
            batch = batch.append_column("known_from", pa.nulls(len(batch), pa.int64()))
        batch = batch.select(sorted(batch.schema.names))  # a stream has one order of columns
        self._writer = self._writer or pa.ipc.new_stream(str(self._path), batch.schema)
        self._writer.write_batch(batch)
        versions = text_hashes(batch["reference"])[:, 0] + batch["kind"].to_numpy()
        hashes = (versions * np.uint64(11400714819323198485)) ^ text_hashes(batch["customer_id"])[:, 0]
        hashes[batch["reference"].is_null().to_numpy(zero_copy_only=False)] = 0
        self._hashes.append(hashes)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        if self._writer:
            with pa.OSFile(str(self._path)) as file, pa.ipc.open_stream(file) as reader:
                yield from reader

    def find(self, out: Path, sources: Sequence[str]) -> int:
        """Find the rows that another version replaced.

        Parameters
        ----------
        out : Path
            Where a CSV file names these rows and the row that replaced each, if there are any.
        sources : sequence of str
            The names of the sources, by number.

        Returns
        -------
        int
            The number of replaced rows.

        Raises
        ------
        SourceError
            When the memory limit is too small, or the disk is full.
        """
        if self._writer is None:
            return 0
        self._writer.close()
        try:
            self._find(out, sources)
        except duckdb.OutOfMemoryException:
            raise SourceError("finding duplicates needs more memory than it may use: raise memory_limit") from None
        except duckdb.Error as error:
            raise SourceError(f"finding duplicates failed ({str(error).splitlines()[0]}): is the disk full?") from None
        return len(self._replaced)

    def _find(self, out: Path, sources: Sequence[str]) -> None:
        # Most references occur once: find repeated hashes first, which is quick, and compare those rows in full below.
        hashes = np.concatenate(self._hashes)
        hashes.sort()
        repeated = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
        del hashes
        repeated = repeated[repeated > 0]
        if not len(repeated):
            return
        content = ", ".join(
            f"nullif({name}, {ABSENT[name]}) DESC NULLS LAST" if name in ABSENT else f"{name} DESC"
            for name in (*VERSION_ORDER, *ROW)
        )
        record_time = "known_from" if self.recorded else "NULL::BIGINT"
        with duckdb.connect(config=self._settings) as database:
            database.register("repeating", self._candidates(repeated))
            database.execute("CREATE TABLE candidates AS FROM repeating")
            database.unregister("repeating")
            database.execute(f"""
                CREATE TABLE versions AS
                WITH named AS (
                    SELECT *, {record_time} AS record_time FROM candidates WHERE reference IS NOT NULL
                ), ranked AS (
                    SELECT *, row_number() OVER same AS place, first_value(source) OVER same AS best_source,
                        first_value(row_number) OVER same AS best_row
                    FROM named WINDOW same AS (PARTITION BY {EVENT}, record_time ORDER BY {content})
                ), best AS (
                    SELECT source, row_number, lead(record_time) OVER later AS until,
                        lead(source) OVER later AS next_source, lead(row_number) OVER later AS next_row
                    FROM ranked WHERE place = 1 WINDOW later AS (PARTITION BY {EVENT} ORDER BY record_time NULLS FIRST)
                )
                SELECT ranked.source, ranked.row_number, place > 1 AS dropped, until, record_time,
                    {EVENT}, if(place > 1, best_source, next_source) AS by_source,
                    if(place > 1, best_row, next_row) AS by_row, position
                FROM ranked LEFT JOIN best USING (source, row_number)
                WHERE place > 1 OR next_row IS NOT NULL
            """)
            replaced = database.sql("SELECT position, dropped, until FROM versions ORDER BY position")
            self._replaced = replaced.to_arrow_table()
            if len(self._replaced):
                _write_csv(database, out, sources)

    def _candidates(self, repeated: NDArray[np.uint64]) -> pa.RecordBatchReader:
        """Return the events whose hash is repeated, with their `position` among all."""

        def rows() -> Iterator[pa.RecordBatch]:
            first = 0
            for batch, hashes in zip(self._batches(), self._hashes, strict=True):
                own = np.flatnonzero(repeated[np.searchsorted(repeated[:-1], hashes)] == hashes)
                yield batch.take(pa.array(own)).append_column("position", pa.array(own + first))
                first += len(batch)

        with pa.ipc.open_stream(str(self._path)) as stream:
            schema = stream.schema.append(pa.field("position", pa.int64()))
        return pa.RecordBatchReader.from_batches(schema, rows())

    def events(self) -> Iterator[pa.RecordBatch]:
        """Yield the events to keep; a version that was replaced later has a `known_until`."""
        if not len(self._replaced):
            yield from self._batches()
            return
        positions, dropped = (self._replaced[name].to_numpy() for name in ("position", "dropped"))
        until = self._replaced["until"].fill_null(ABSENT["known_until"]).to_numpy()
        first = 0
        for batch in self._batches():
            of_batch = slice(*np.searchsorted(positions, (first, first + len(batch))))
            rows = positions[of_batch] - first
            known_until = np.full(len(batch), ABSENT["known_until"])
            known_until[rows] = until[of_batch]
            kept = np.ones(len(batch), bool)
            kept[rows] = ~dropped[of_batch]
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
                strftime(make_timestamp(record_time), '%Y-%m-%dT%H:%M:%S.%fZ') AS recorded_at,
                other.name AS replaced_by_source, by_row AS replaced_by_row_number,
                if(dropped, 'no', 'until then') AS valid
            FROM versions JOIN names own ON own.source = versions.source
                JOIN names other ON other.source = by_source
            ORDER BY versions.source, row_number
        ) TO '{str(path).replace("'", "''")}' (FORMAT csv, HEADER)
    """)
