"""Files of scores as `regulars score` writes them, and tables that hold them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from serving.batch_lookup import FACTS
from serving.score_tables.table_address import TableAddress

AS_OF = "2024-05-01"


def score_file(
    path: Path,
    ids: list[str],
    *,
    mark: float = 1.0,
    as_of: str = AS_OF,
    more: dict[str, Any] | None = None,
    **facts: Any,
) -> Path:
    """Write a file of scores; `mark` is everybody's loyalty score, `more` has further columns."""
    table = pa.table(
        {
            "customer_id": pa.array(ids, pa.large_string()),
            "loyalty_score": pa.repeat(mark, len(ids)),
            "coverage": pa.repeat(0.7, len(ids)),
            "band": pa.array(["gold"] * len(ids), pa.large_string()),
            **(more or {}),
        }
    )
    content = {"as_of": as_of, "timezone": "Europe/London", "data_digest": "d", "formula_version": "2", **facts}
    pq.write_table(table.replace_schema_metadata({FACTS: json.dumps(content).encode()}), path)
    return path


def select(address: TableAddress, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query, `{table}` and `{runs}` replaced."""
    text = query.format(table=address.quoted, runs=address.quoted_runs)
    if address.is_sqlite:
        with closing(sqlite3.connect(address.file)) as connection, connection:
            return connection.execute(text).fetchall()
    with psycopg.connect(address.url) as connection:
        found = connection.execute(text)
        return found.fetchall() if found.description else []
