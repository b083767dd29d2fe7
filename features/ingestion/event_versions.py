"""Finds rows that speak of one event: rows of one customer, event type and reference (of incentives, one outcome too).

Only `recorded_at` makes them versions. The version recorded last is the event, and an earlier one stays valid until
the next was recorded, so what was known at an earlier `as_of` does not change. Rows recorded at the same time, or
without a time, are copies of one event where they are equal in full, and parts of it, such as the lines of a receipt,
where they differ. Parts are events of their own, unless `rows.one_event_per` has those of a day summed. With
`rows.replace_references` the last row of a reference, in the order of the sources, replaces those before it; with both,
the line items of the last source that has the reference do.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.error_lines import first_line
from features.errors import SourceError
from features.ingestion.profile import RowProfile
from features.ingestion.versions_query import UNKNOWN, versions_query
from features.schema import EVENT_TYPES
from features.store.customer_ids import text_hashes
from features.store.layout import ABSENT, TEXT_DTYPES
from features.timezones import BusinessTimezone, business_timezone

UNCHANGED = np.iinfo(np.int64).min
CHANGES = {"position": pa.int64(), "dropped": pa.bool_(), "until": pa.int64(), "cents": pa.int64(), "time": pa.int64()}


class EventRows(NamedTuple):
    """How many rows were versions, copies, line items and parts.

    Attributes
    ----------
    replaced : int
        Earlier versions, and copies of other rows.
    merged : int
        Line items that were added to the first of their event.
    parts : int
        Rows that share a reference with others, differ from them, and are events of their own.
    """

    replaced: int = 0
    merged: int = 0
    parts: int = 0


class EventVersions:
    """Resolves rows by reference; they wait on disk, because the last may correct the first.

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
    rows : RowProfile
        Whether rows of one reference are line items, or replace each other.
    names_sales : bool
        Whether any source has `sale_reference`.
    texts : sequence of str
        The columns of `layout.TEXT_DTYPES` that any source has.
    timezone : BusinessTimezone, optional
        Whose days the line items of one event share; UTC without it.
    """

    def __init__(
        self,
        scratch: Path,
        recorded: bool,
        memory_limit: str,
        threads: int,
        rows: RowProfile | None = None,
        names_sales: bool = False,
        texts: Sequence[str] = (),
        timezone: BusinessTimezone | None = None,
    ) -> None:
        self._optional = {"known_from": pa.int64()} if recorded else {}
        if names_sales:
            self._optional["sale_reference"] = pa.string()
        self._optional |= {name: pa.string() for name in texts}
        self._changed = (*CHANGES, *texts)
        self._rule = rows or RowProfile()
        self._timezone = timezone or business_timezone("UTC")
        self._path = scratch / "events.arrows"
        self._writer: pa.ipc.RecordBatchStreamWriter | None = None
        self._hashes: list[NDArray[np.uint64]] = []
        self._changes = pa.table({name: pa.array([], type_) for name, type_ in CHANGES.items()})
        self._settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "temp_directory": str(scratch / "duckdb"),
            "preserve_insertion_order": False,
        }

    def add(self, batch: pa.RecordBatch) -> None:
        """Keep a batch of valid events, with `reference` and its place, perhaps with `other_columns`, a hash."""
        for name in ("customer_id", *TEXT_DTYPES):
            if name in batch.schema.names and pa.types.is_dictionary(batch[name].type):
                plain = batch[name].dictionary_decode()
                batch = batch.set_column(batch.schema.get_field_index(name), name, plain)
        for name, type_ in self._optional.items():
            if name not in batch.schema.names:
                batch = batch.append_column(name, pa.nulls(len(batch), type_))
        if "other_columns" not in batch.schema.names:
            batch = batch.append_column("other_columns", pa.array(np.zeros(len(batch), np.uint64)))
        if self._rule.one_event_per:
            days = self._timezone.days(batch["time"].to_numpy())
            batch = batch.append_column("business_day", pa.array(days))
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

    def find(self, out: Path) -> EventRows:
        """Find the rows that another row replaced, or that were added to another.

        Parameters
        ----------
        out : Path
            Where a Parquet file has the replaced rows and the row that replaced each, if there are any, for
            `write_duplicates`.

        Returns
        -------
        EventRows

        Raises
        ------
        SourceError
            When the memory limit is too small, or the disk is full.
        """
        if self._writer is None:
            return EventRows()
        self._writer.close()
        try:
            return self._find(out)
        except duckdb.OutOfMemoryException:
            raise SourceError("finding duplicates needs more memory than it may use: raise memory_limit") from None
        except duckdb.Error as error:
            raise SourceError(f"finding duplicates failed ({first_line(error)}): is the disk full?") from None

    def _find(self, out: Path) -> EventRows:
        # Most references occur once: find repeated hashes first, which is quick, and compare those rows in full below.
        hashes = np.concatenate(self._hashes)
        hashes.sort()
        repeated = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
        del hashes
        repeated = repeated[repeated > 0]
        if not len(repeated):
            return EventRows()
        with duckdb.connect(config=self._settings) as database:
            database.register("repeating", self._candidates(repeated))
            database.execute("CREATE TABLE candidates AS FROM repeating WHERE reference IS NOT NULL")
            database.unregister("repeating")
            database.execute(versions_query(self._rule, self._optional))
            changes = database.sql(f"""
                SELECT {", ".join(self._changed)} FROM versions
                WHERE dropped OR until IS NOT NULL OR cents IS NOT NULL OR relabelled ORDER BY position
            """)
            self._changes = changes.to_arrow_table()
            [counted] = database.sql("""
                SELECT count(*) FILTER (by_row IS NOT NULL), count(*) FILTER (merged), count(*) FILTER (part)
                FROM versions
            """).fetchall()
            if counted[0]:
                database.execute(
                    "COPY (SELECT source, row_number, customer_id, kind, reference, record_time, by_source, by_row, "
                    f"dropped FROM versions WHERE by_row IS NOT NULL) TO '{_quoted(out)}' (FORMAT parquet)"
                )
        return EventRows(*counted)

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
        if not len(self._changes):
            yield from self._batches()
            return
        positions, dropped = (self._changes[name].to_numpy() for name in ("position", "dropped"))
        first = 0
        for batch in self._batches():
            of_batch = slice(*np.searchsorted(positions, (first, first + len(batch))))
            rows = positions[of_batch] - first
            first += len(batch)
            kept = np.ones(len(batch), bool)
            kept[rows] = ~dropped[of_batch]
            until = np.full(len(batch), ABSENT["known_until"])
            until[rows] = self._changes["until"][of_batch].fill_null(ABSENT["known_until"]).to_numpy()
            for name in ("cents", "time"):
                values = batch[name].to_numpy().copy()
                changed = self._changes[name][of_batch].fill_null(UNCHANGED).to_numpy()
                values[rows] = np.where(changed == UNCHANGED, values[rows], changed)
                batch = batch.set_column(batch.schema.get_field_index(name), name, pa.array(values))
            for name in self._changed[len(CHANGES) :]:
                texts = batch[name].to_numpy(zero_copy_only=False).copy()
                changed = self._changes[name][of_batch].to_numpy()
                texts[rows] = np.where(changed == None, texts[rows], changed)  # noqa: E711
                batch = batch.set_column(batch.schema.get_field_index(name), name, pa.array(texts, pa.string()))
            known_until = pa.array(until, mask=until == ABSENT["known_until"])
            yield batch.append_column("known_until", known_until).filter(pa.array(kept))


def write_duplicates(parts: Sequence[Path], out: Path, sources: Sequence[str]) -> None:
    """Write a CSV file that names the replaced rows and the row that replaced each, if there are any.

    Parameters
    ----------
    parts : sequence of Path
        The files of `EventVersions.find`, which together have all rows.
    out : Path
    sources : sequence of str
        The names of the sources, by number.
    """
    if not parts:
        return
    kinds = "[" + ", ".join(f"'{name}'" for name in EVENT_TYPES) + "]"
    files = ", ".join(f"'{_quoted(part)}'" for part in parts)
    with duckdb.connect() as database:
        database.execute(
            "CREATE TABLE names AS SELECT unnest(?) AS name, unnest(range(?)) AS source", [list(sources), len(sources)]
        )
        database.execute(f"""
            COPY (
                SELECT own.name AS source, row_number, customer_id, {kinds}[kind + 1] AS event_type, reference,
                    strftime(make_timestamp(nullif(record_time, {UNKNOWN})), '%Y-%m-%dT%H:%M:%S.%fZ')
                        AS recorded_at,
                    other.name AS replaced_by_source, by_row AS replaced_by_row_number,
                    if(dropped, 'no', 'until then') AS valid
                FROM read_parquet([{files}]) AS replaced JOIN names own ON own.source = replaced.source
                    JOIN names other ON other.source = by_source
                ORDER BY replaced.source, row_number
            ) TO '{_quoted(out)}' (FORMAT csv, HEADER)
        """)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
