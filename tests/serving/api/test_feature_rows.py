"""A feature table is the same frame however it is sent."""

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from features.definitions import FEATURE_NAMES
from serving.api.content_negotiation import ARROW
from serving.api.feature_rows import (
    SINGLE_ROWS,
    features_in_json,
    features_of_columns,
    features_of_rows,
    features_of_table,
    repeated_customers,
    row_faults,
)
from serving.api.parameters import RequestLimits, ScoringContext, scoring_context
from serving.api.problem_details import MAXIMUM_FAULTS, ProblemError
from serving.request_types import FeatureRow, FeaturesRequest, RawColumns, ScoringParameters
from serving.state import ServiceState
from tests.serving.asking import arrow, feature_row
from tests.serving.conftest import NOW

ROWS = [feature_row(customer_id=f" c{number} ") for number in range(3)]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}


@pytest.fixture
def context(rule_state: ServiceState) -> ScoringContext:
    """The context of a request without parameters."""
    return scoring_context(ScoringParameters(), rule_state, lambda: NOW)


def test_rows_columns_and_tables_give_the_same_features(context: ScoringContext) -> None:
    """With trimmed ids, the features in order, and NaN for null; as a frame they are a feature table."""
    rows = features_of_rows(msgspec.convert(ROWS, list[FeatureRow]), 3, context.state)
    columns = features_of_columns(msgspec.json.decode(msgspec.json.encode(COLUMNS), type=RawColumns), 3, context.state)
    types: dict[str, Any] = {name: pa.float64() for name in FEATURE_NAMES} | {"customer_id": pa.string()}
    body = arrow(pa.table({n: pa.array(v, types[n]) for n, v in COLUMNS.items()}))
    table = features_of_table(body, ARROW, context, RequestLimits())
    assert rows.ids == columns.ids == table.ids == ["c0", "c1", "c2"]
    arrays = [features.frame().to_numpy(float).tobytes() for features in (rows, columns, table)]
    assert arrays[0] == arrays[1] == arrays[2]
    frame = rows.frame()
    assert (list(frame.index), tuple(frame.columns)) == (rows.ids, tuple(FEATURE_NAMES))
    np.testing.assert_array_equal(frame.to_numpy(), [list(row.values()) for row in rows.rows()])
    np.testing.assert_equal(rows.rows()[1], frame.iloc[1].to_dict())


@pytest.mark.parametrize("count", [3, 2 * SINGLE_ROWS])
def test_few_and_many_impossible_rows_are_named_alike(rule_state: ServiceState, count: int) -> None:
    """By functions of one row and by those of arrays: the same column, the same words."""
    rows = [feature_row(customer_id=f"c{number}") for number in range(count)]
    rows[2] |= {"recency": rows[2]["T"] + 1}
    with pytest.raises(ProblemError, match="rows/2/recency: exceeds T; expected a row that feature_table can give"):
        features_of_rows(msgspec.convert(rows, list[FeatureRow]), count, rule_state)


def test_a_value_outside_its_limits_is_named(rule_state: ServiceState) -> None:
    """By columns: too small, not whole, null where no null may be."""
    for column, value, detail in (
        ("T", -1, "from 0"),
        ("purchase_count", 1.5, "whole"),
        ("purchase_count", None, "null"),
    ):
        raw = msgspec.json.decode(msgspec.json.encode(COLUMNS | {column: [1, value, 1]}), type=RawColumns)
        with pytest.raises(ProblemError, match=f"columns/{column}/1: .*{detail}"):
            features_of_columns(raw, 3, rule_state)


def test_more_customers_than_may_be_are_refused(rule_state: ServiceState) -> None:
    """Also by columns, before the features are decoded."""
    raw = msgspec.json.decode(msgspec.json.encode(COLUMNS | {"T": "nothing"}), type=RawColumns)
    with pytest.raises(ProblemError, match="found 3 customers, expected 2 at most"):
        features_of_columns(raw, 2, rule_state)


def test_repeated_customers_are_named_by_their_later_rows() -> None:
    """Each later row is named, the first is not."""
    assert repeated_customers(["a", "b"], "rows/{row}") == []
    faults = repeated_customers(["a", "b", "a", "a"], "rows/{row}")
    assert [path for path, _ in faults] == ["rows/2", "rows/3"]


def test_of_many_wrong_rows_the_first_are_named() -> None:
    """As many as a problem document names."""
    faults = row_faults("T/{row}", np.ones(1000, bool), "is wrong")
    assert [path for path, _ in faults] == [f"T/{row}" for row in range(MAXIMUM_FAULTS)]


def without(rows: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    """The rows without these columns."""
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def decode(given: dict[str, Any]) -> FeaturesRequest:
    return msgspec.json.decode(msgspec.json.encode(given), type=FeaturesRequest)


@pytest.mark.parametrize(
    ("left_out", "fault"),
    [
        (["net_spend_30", "unmatched_returns"], None),
        (["gap_std", "visit_loyalty_mean"], None),
        (["net_spend_365"], "net_spend_365"),
        (["frequency"], "frequency"),
    ],
)
def test_null_and_absent_are_the_same_in_a_column_that_has_a_null_rule_or_that_nothing_reads(
    context: ScoringContext, left_out: list[str], fault: str | None
) -> None:
    """In rows, columns and tables alike; what the formula reads, or has no null rule, is refused by name."""
    rows = without(ROWS, *left_out)
    null_rows = [row | dict.fromkeys(left_out) for row in ROWS]
    columns, null_columns = ({name: [row[name] for row in each] for name in each[0]} for each in (rows, null_rows))
    sent = [{"rows": rows}, {"columns": columns}, {"rows": null_rows}, {"columns": null_columns}]
    sent.append({"columns": columns | dict.fromkeys(left_out)})
    reads: list[Any] = [lambda given=given: features_in_json(decode(given), context, RequestLimits()) for given in sent]
    for given in (columns, null_columns):
        types = {name: pa.string() if name == "customer_id" else pa.float64() for name in given}
        body = arrow(pa.table({name: pa.array(values, types[name]) for name, values in given.items()}))
        reads.append(lambda body=body: features_of_table(body, ARROW, context, RequestLimits()))
    for read in reads:
        if fault:
            with pytest.raises((ProblemError, msgspec.ValidationError), match=fault):
                read()
        else:
            null = [name for name, value in read().rows()[0].items() if np.isnan(value)]
            assert set(left_out) <= set(null)
            assert set(null) == {name for name in FEATURE_NAMES if ROWS[0][name] is None} | set(left_out)
