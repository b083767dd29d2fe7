"""The tables of scores in a database, and the SQL that both databases take.

    scores        customer_id, as_of, horizon_days and the columns of a file of scores; key: cutoff, horizon, customer
    scores_runs   one row a cutoff and horizon: which run wrote its rows, and what a file has as metadata

Cutoffs are moments: in SQLite, which has no type for them, texts in UTC. `horizon_days` is 0 for scores by the rule
alone. A run writes all its rows in one transaction, so readers see those of the run before, or its own.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from features.as_of import AsOf, utc
from features.encryption.parquet_files import read_parquet_schema
from features.errors import BatchScoresError
from features.sql_names import quoted
from serving.batch_lookup import FACTS
from serving.score_tables.table_address import TableAddress

KEY = ("as_of", "horizon_days", "customer_id")
RUN_COLUMNS = ("as_of", "horizon_days", "run", "content")
POSTGRESQL, SQLITE = "postgresql", "sqlite"
TYPES = {
    POSTGRESQL: {"text": "text", "real": "double precision", "whole": "bigint", "time": "timestamptz"},
    SQLITE: {"text": "TEXT", "real": "REAL", "whole": "INTEGER", "time": "TEXT"},
}

FactsAndRows = tuple[dict[str, Any], list[dict[str, Any]]]
"""The metadata of a run, and its rows of some customers by column."""


@dataclass(frozen=True)
class ScoreRun:
    """The scores of one run at one cutoff, in Parquet files.

    Attributes
    ----------
    files : tuple of Path
        With the rows, each customer once.
    schema : pyarrow.Schema
        Of the files; its metadata has cutoff, horizon and versions.
    """

    files: tuple[Path, ...]
    schema: pa.Schema

    @classmethod
    def of_files(cls, files: Iterable[Path]) -> "ScoreRun":
        """Return the run of files of `serving.batch`, whose schemas are equal."""
        files = tuple(files)
        return cls(files, read_parquet_schema(files[0]))

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What a file of scores has as metadata."""
        facts: dict[str, Any] = json.loads(self.schema.metadata[FACTS])
        return facts

    @property
    def cutoff(self) -> datetime:
        """The cutoff, in UTC."""
        return utc(AsOf.parse(self.facts["as_of"], self.facts["timezone"]).time)

    @property
    def horizon_days(self) -> int:
        """The horizon; 0 for scores by the rule alone."""
        return int(self.facts.get("horizon_days", 0))

    @property
    def content(self) -> str:
        """What the table of runs keeps beside its key: the metadata, and which columns the rows have."""
        return json.dumps({"facts": self.facts, "columns": self.schema.names})


def read_content(address: TableAddress, content: str) -> tuple[dict[str, Any], list[str]]:
    """Return the metadata and columns of a run, which `ScoreRun.content` wrote; BatchScoresError for other text."""
    try:
        values = json.loads(content)
        return dict(values["facts"]), list(map(str, values["columns"]))
    except (ValueError, KeyError, TypeError):
        raise BatchScoresError(
            f"{address} has a run that `regulars score` did not write: write the scores again, or name another table"
        ) from None


def kind_of(type_: pa.DataType) -> str:
    """Return the kind of a column, a key of `TYPES`."""
    if pa.types.is_floating(type_):
        return "real"
    return "whole" if pa.types.is_integer(type_) else "text"


def latest_run(address: TableAddress) -> str:
    """Return the query for cutoff, horizon and content of the run written last at the latest cutoff."""
    latest = 'ORDER BY "as_of" DESC, "run" DESC LIMIT 1'
    return f'SELECT "as_of", "horizon_days", "content" FROM {address.quoted_runs} {latest}'


def insert_run(address: TableAddress) -> str:
    """Return the statement that notes a run; it takes cutoff, horizon and content."""
    mark = "?" if address.is_sqlite else "%s"
    return (
        f'INSERT INTO {address.quoted_runs} ("as_of", "horizon_days", "run", "content") '
        f'SELECT {mark}, {mark}, coalesce(max("run"), 0) + 1, {mark} FROM {address.quoted_runs}'
    )


def _types(address: TableAddress) -> dict[str, str]:
    return TYPES[SQLITE if address.is_sqlite else POSTGRESQL]


def create_statements(address: TableAddress) -> list[str]:
    """Return the statements that make both tables, where they are missing, with the columns that all runs have."""
    types = _types(address)
    key = f'"as_of" {types["time"]} NOT NULL, "horizon_days" {types["whole"]} NOT NULL'
    end = " WITHOUT ROWID" if address.is_sqlite else ""
    return [
        f'CREATE TABLE IF NOT EXISTS {address.quoted} ({key}, "customer_id" {types["text"]} NOT NULL, '
        f'PRIMARY KEY ("as_of", "horizon_days", "customer_id")){end}',
        f'CREATE TABLE IF NOT EXISTS {address.quoted_runs} ({key}, "run" {types["whole"]} NOT NULL, '
        f'"content" {types["text"]} NOT NULL, PRIMARY KEY ("as_of", "horizon_days"))',
    ]


def column_statements(address: TableAddress, schema: pa.Schema, existing: Iterable[str]) -> list[str]:
    """Return the statements that add the columns of a run which the table lacks; they are null in older rows."""
    types, known = _types(address), set(existing)
    return [
        f"ALTER TABLE {address.quoted} ADD COLUMN {quoted(field.name)} {types[kind_of(field.type)]}"
        for field in schema
        if field.name not in known
    ]


def has_tables(address: TableAddress, columns: Collection[str], run_columns: Collection[str]) -> bool:
    """Return whether there is a table of scores; raises BatchScoresError for tables that something else made.

    Parameters
    ----------
    address : TableAddress
    columns, run_columns : collection of str
        Of the table and of that of its runs; none where it is missing.
    """
    if (columns and not run_columns) or not _has(columns, KEY) or not _has(run_columns, RUN_COLUMNS):
        raise BatchScoresError(f"{address} is a table that no run of `regulars score` wrote: name another one")
    return bool(columns)


def _has(columns: Collection[str], expected: Iterable[str]) -> bool:
    return not columns or set(columns).issuperset(expected)


def no_scores(address: TableAddress) -> BatchScoresError:
    """Return the error of a table without scores."""
    return BatchScoresError(f"no batch scores at {address}: write them with `regulars score`")
