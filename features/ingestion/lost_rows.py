"""Says whether the rows in quarantine differ from those that were kept: in their amounts, hours and customers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from features.sql_names import quoted
from features.store.event_store import EventStore
from features.timezones import business_timezone

FEW_ROWS = 5
"""Of fewer rows in quarantine the report gives the reasons alone."""
SHOWN = 5
LARGER, DIFFERENT_HOURS = 1.5, 0.25


def describe(quarantine: Path, columns: Sequence[Mapping[str, str]], store: EventStore) -> list[str]:
    """Return the patterns of faulty values and the differences from the rows that were kept, one line each.

    Parameters
    ----------
    quarantine : Path
        The file, as `Quarantine` writes it.
    columns : sequence of mappings of str to str
        Log column to its name in a source, of each source.
    store : EventStore
        The store of the rows that were kept.
    """
    try:
        return [*value_patterns(quarantine), *differences(quarantine, columns, store)]
    except duckdb.Error:  # rows so damaged that the file of them cannot be read as a table
        return []


def value_patterns(quarantine: Path) -> list[str]:
    """Return the most frequent patterns of faulty values, 9 for a digit and A for a letter, each with an example."""
    rows = _rows(f"""
        SELECT "column", regexp_replace(regexp_replace(value, '[0-9]', '9', 'g'), '[A-Za-z]', 'A', 'g') AS pattern,
            count(*) AS rows, min(value) AS example
        FROM {_file(quarantine)} WHERE value IS NOT NULL AND "column" <> ''
        GROUP BY ALL ORDER BY rows DESC, example LIMIT {SHOWN}
    """)
    return [f"{rows:,} {column} like {example!r}" for column, _, rows, example in rows if rows > 1]


def differences(quarantine: Path, columns: Sequence[Mapping[str, str]], store: EventStore) -> list[str]:
    """Return how the rows in quarantine differ from those in a store; the parameters are those of `describe`."""
    names = [text for (text,) in _rows(f"SELECT column_name FROM (DESCRIBE FROM {_file(quarantine)})")]
    rows_of_tests = {
        key: [name for name in dict.fromkeys(of[key] for of in columns if key in of) if name in names]
        for key in ("amount", "event_time", "customer_id")
    }
    tests = {"amount": _amounts, "event_time": _hours, "customer_id": _customers}
    texts = [tests[key](quarantine, own[0], store) for key, own in rows_of_tests.items() if own]
    return [text for text in texts if text]


def _amounts(quarantine: Path, column: str, store: EventStore) -> str:
    # The last mark counts as decimal unless three digits follow it: a rough reading, to compare sizes alone.
    digits = f"regexp_replace({quoted(column)}, '[^0-9.,]', '', 'g')"
    whole = f"regexp_replace(regexp_replace({digits}, '[.,]([0-9]{{1,2}})$', ''), '[.,]', '', 'g')"
    lost = _rows(f"SELECT median(try_cast({whole} AS DOUBLE)) FROM {_file(quarantine)}")[0][0]
    of_buckets = [bucket.store.columns["cents"] for bucket in store.buckets]
    cents = np.concatenate([each[each > 0] for each in of_buckets])
    if lost is None or not len(cents):
        return ""
    kept = float(np.median(cents)) / 100
    if 1 / LARGER < max(lost, 0.01) / max(kept, 0.01) < LARGER:
        return ""
    return f"their amounts differ: the median is about {lost:,.0f}, of the kept rows {kept:,.2f}"


def _hours(quarantine: Path, column: str, store: EventStore) -> str:
    hour = f"try_cast(regexp_extract({quoted(column)}, '(\\d{{1,2}}):\\d{{2}}', 1) AS INTEGER)"
    rows = _rows(f"SELECT {hour} AS hour, count(*) FROM {_file(quarantine)} GROUP BY ALL")
    lost = np.zeros(24)
    for number, count in rows:
        if number is not None and 0 <= number < 24:
            lost[number] += count
    step = max(1, store.n_events // 1_000_000)
    times = np.concatenate([bucket.store.columns["time"][::step] for bucket in store.buckets])
    on_clock = business_timezone(store.timezone).to_wall_clock(times)
    kept = np.bincount(on_clock // 3_600_000_000 % 24, minlength=24).astype(float)
    if not lost.sum() or not kept.sum() or kept[0] == kept.sum():
        return ""
    lost, kept = lost / lost.sum(), kept / kept.sum()
    if np.abs(lost - kept).sum() / 2 < DIFFERENT_HOURS:
        return ""
    mean_lost, mean_kept = (float(np.average(np.arange(24), weights=share)) for share in (lost, kept))
    return f"their hours differ: on average {mean_lost:.1f} o'clock, of the kept rows {mean_kept:.1f} o'clock"


def _customers(quarantine: Path, column: str, store: EventStore) -> str:
    kept_customers = pa.table({"customer_id": store.customer_ids})
    with duckdb.connect() as database:
        database.register("kept", kept_customers)
        [(lost, gone)] = database.execute(f"""
            SELECT count(*), count(*) FILTER (customer NOT IN (SELECT customer_id FROM kept)) FROM (
                SELECT DISTINCT trim({quoted(column)}) AS customer FROM {_file(quarantine)} WHERE {quoted(column)} <> ''
            )
        """).fetchall()
    return f"of {lost:,} customers in quarantine {gone:,} have no event that was kept" if gone else ""


def _file(path: Path) -> str:
    return f"read_csv('{str(path).replace(chr(39), chr(39) * 2)}', all_varchar = true, header = true, delim = ',')"


def _rows(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as database:
        return database.execute(query).fetchall()
