"""Tables in Arrow and Parquet are checked as JSON is, with faults by column and row."""

from typing import Any

import pyarrow as pa
import pytest
from starlette.applications import Starlette

from tests.serving.asking import ARROW, PARQUET, arrow, ask, feature_row, parquet, problem_of

FEATURE_TABLE = pa.table(
    {
        name: pa.array([value], pa.string() if name == "customer_id" else pa.float64())
        for name, value in feature_row().items()
    }
)


LOG = pa.table({"customer_id": ["a", "b"], "event_time": ["2011-01-01", "2011-02-01"], "event_type": ["usage"] * 2})


def with_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


BAD_TABLES = {
    "no Arrow": ("/score_features", b"customers", ARROW, 400, None),
    "half an Arrow stream": ("/score_features", arrow(FEATURE_TABLE)[:-100], ARROW, 400, None),
    "Parquet sent as Arrow": ("/score_features", parquet(FEATURE_TABLE), ARROW, 400, None),
    "no Parquet": ("/score_features", b"PAR1junkPAR1", PARQUET, 400, None),
    "compressed Arrow": ("/score_features", arrow(FEATURE_TABLE, compression="zstd"), ARROW, 415, None),
    "no rows": ("/score_features", arrow(FEATURE_TABLE.slice(0, 0)), ARROW, 422, ""),
    "a column missing": ("/score_features", parquet(FEATURE_TABLE.drop_columns(["T"])), PARQUET, 422, "T"),
    "a column too many": ("/score_features", arrow(FEATURE_TABLE.append_column("X", [[1.0]])), ARROW, 422, "X"),
    "a column twice": ("/score_features", arrow(FEATURE_TABLE.append_column("T", [[1.0]])), ARROW, 422, "T"),
    "texts as numbers": ("/score_features", arrow(with_column(FEATURE_TABLE, "T", [["5"]])), ARROW, 422, "T"),
    "Infinity": ("/score_features", arrow(with_column(FEATURE_TABLE, "T", [[float("inf")]])), ARROW, 422, "T/0"),
    "NaN where there is no null": (
        "/score_features",
        arrow(with_column(FEATURE_TABLE, "frequency", [[float("nan")]])),
        ARROW,
        422,
        "frequency/0",
    ),
    "an impossible row": ("/score_features", arrow(with_column(FEATURE_TABLE, "T", [[1.0]])), ARROW, 422, "recency/0"),
    "half a purchase": (
        "/score_features",
        arrow(with_column(FEATURE_TABLE, "purchase_count", [[2.5]])),
        ARROW,
        422,
        "purchase_count/0",
    ),
    "a customer without an id": (
        "/score_features",
        arrow(with_column(FEATURE_TABLE, "customer_id", [[" "]])),
        ARROW,
        422,
        "customer_id/0",
    ),
    "a customer twice": ("/score_features", arrow(pa.concat_tables([FEATURE_TABLE] * 2)), ARROW, 422, "customer_id/1"),
    "events without a time": ("/score", arrow(LOG.drop_columns(["event_time"])), ARROW, 422, "event_time"),
    "an unknown type": (
        "/score",
        parquet(with_column(LOG, "event_type", [["usage", "gift"]])),
        PARQUET,
        422,
        "event_type/1",
    ),
    "no time": ("/score", arrow(with_column(LOG, "event_time", [["2011-01-01", "soon"]])), ARROW, 422, "event_time/1"),
    "an event ahead": (
        "/score",
        arrow(with_column(LOG, "event_time", [["2011-01-01", "2012-01-01"]])),
        ARROW,
        422,
        "event_time/1",
    ),
    "a record ahead": (
        "/score",
        arrow(LOG.append_column("recorded_at", [["2011-01-01", "2012-01-01"]])),
        ARROW,
        422,
        "recorded_at/1",
    ),
    "a negative amount": ("/score", arrow(LOG.append_column("amount", [[1.0, -1.0]])), ARROW, 422, "amount/1"),
    "a list as an amount": ("/score", arrow(LOG.append_column("amount", [[[1.0], [2.0]]])), ARROW, 422, "amount"),
    "no id": ("/score", arrow(with_column(LOG, "customer_id", [[None, "b"]])), ARROW, 422, "customer_id/0"),
}


@pytest.mark.parametrize(("path", "body", "kind", "status", "where"), BAD_TABLES.values(), ids=list(BAD_TABLES))
def test_tables_are_checked_as_json_is(
    app: Starlette, path: str, body: bytes, kind: str, status: int, where: str | None
) -> None:
    """Arrow and Parquet get the same statuses, and faults by column and row."""
    problem_of(ask(app, path, body, kind=kind), status, where)
