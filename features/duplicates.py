"""Several versions of one event: same customer, event type and reference. The latest that was recorded is the event.

A version recorded before another stays valid until that one was recorded, so that what was known at an earlier
`as_of` does not change. Of versions recorded at the same moment (or without one) the greatest in content counts: later
time, then larger amount, then the other columns, null lowest; so the order of rows does not matter.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from features.events import EVENT_TYPES
from features.pieces import PIECE_ROWS

PLACE = ("source", "row_number")
VERSION = "customer_id, kind, reference"
CONTENT = ("time", "cents", "channel", "goal", "outcome", "satisfaction", "loyalty")


class Versions:
    """Finds the versions among the events in a Parquet file (columns as checked, plus `PLACE`)."""

    def __init__(self, events: Path, recorded: bool, memory_limit: str, threads: int) -> None:
        """Raise duckdb.OutOfMemoryException where the memory limit is too small."""
        self.recorded = recorded
        self._database = duckdb.connect(
            config={
                "memory_limit": memory_limit,
                "threads": threads,
                "temp_directory": str(events.parent / "duckdb"),
                "preserve_insertion_order": False,
            }
        )
        self._database.read_parquet(str(events)).create_view("events")
        self.count = self._find()

    def _find(self) -> int:
        """Put the versions of events that have several into a table; return how many are no longer the event."""
        content = ", ".join(f"{name} DESC NULLS LAST" for name in (*CONTENT, *PLACE))
        moment = "known_from" if self.recorded else "NULL::BIGINT"
        # Hashes first, which is quick and small: most references come once. Equal ones are compared in full below.
        self._database.execute(f"""
            CREATE TABLE repeated AS
                SELECT hash({VERSION}) AS version FROM events WHERE reference IS NOT NULL GROUP BY 1 HAVING count(*) > 1
        """)
        self._database.execute(f"""
            CREATE TABLE versions AS
            WITH moments AS (
                SELECT *, {moment} AS moment FROM events
                WHERE reference IS NOT NULL AND hash({VERSION}) IN (SELECT version FROM repeated)
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
                if(place > 1, best_row, next_row) AS by_row
            FROM ranked LEFT JOIN best USING (source, row_number)
            WHERE place > 1 OR next_row IS NOT NULL
        """)
        (count,) = self._database.execute("SELECT count(*) FROM versions").fetchall()[0]
        return int(count)

    def valid_events(self) -> Iterator[pa.RecordBatch]:
        """Yield the events to keep, `known_until` included where the log is recorded; no more reference and place."""
        until = ", versions.until AS known_until" if self.recorded else ""
        kept = self._database.sql(f"""
            SELECT events.* EXCLUDE (reference, source, row_number){until}
            FROM events LEFT JOIN versions USING (source, row_number) WHERE dropped IS NOT TRUE
        """)
        yield from kept.to_arrow_reader(PIECE_ROWS)

    def write_csv(self, path: Path, sources: Sequence[str]) -> None:
        """Name the rows that are no longer the event, and the row that replaced each."""
        kinds = "[" + ", ".join(f"'{name}'" for name in EVENT_TYPES) + "]"
        self._database.execute(
            "CREATE TABLE names AS SELECT unnest(?) AS name, unnest(range(?)) AS source", [list(sources), len(sources)]
        )
        self._database.execute(f"""
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
