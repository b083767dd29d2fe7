"""A feature table is the same frame however it is sent."""

from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.definitions import FEATURE_NAMES
from serving.api.content_negotiation import ARROW
from serving.api.feature_rows import (
    feature_frame,
    frame_of_columns,
    frame_of_rows,
    frame_of_table,
    repeated_customers,
    row_faults,
)
from serving.api.problem_details import MAXIMUM_FAULTS, ProblemError
from serving.request_types import FeatureRow, RawColumns
from tests.serving.asking import arrow, feature_row

ROWS = [feature_row(customer_id=f" c{number} ") for number in range(3)]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}


def test_rows_columns_and_tables_give_one_frame() -> None:
    """With trimmed ids as index, the features in order, and NaN for null."""
    rows = frame_of_rows(msgspec.convert(ROWS, list[FeatureRow]), 10.0)
    columns = frame_of_columns(msgspec.json.decode(msgspec.json.encode(COLUMNS), type=RawColumns), 3, 10.0)
    types: dict[str, Any] = {name: pa.float64() for name in FEATURE_NAMES} | {"customer_id": pa.string()}
    table = frame_of_table(arrow(pa.table({n: pa.array(v, types[n]) for n, v in COLUMNS.items()})), ARROW, 3, 10.0)
    assert list(rows.index) == ["c0", "c1", "c2"]
    assert tuple(rows.columns) == tuple(FEATURE_NAMES)
    pd.testing.assert_frame_equal(rows, columns)
    pd.testing.assert_frame_equal(rows, table)


def test_more_customers_than_may_be_are_refused() -> None:
    """Also by columns, before the features are decoded."""
    raw = msgspec.json.decode(msgspec.json.encode(COLUMNS | {"T": "nothing"}), type=RawColumns)
    with pytest.raises(ProblemError, match="found 3 customers, expected 2 at most"):
        frame_of_columns(raw, 2, 10.0)


def test_repeated_customers_are_named_by_their_later_rows() -> None:
    """Each later row is named, the first is not."""
    assert repeated_customers(["a", "b"], "rows/{row}") == []
    faults = repeated_customers(["a", "b", "a", "a"], "rows/{row}")
    assert [path for path, _ in faults] == ["rows/2", "rows/3"]


def test_of_many_wrong_rows_the_first_are_named() -> None:
    """As many as a problem document names."""
    faults = row_faults("T", np.ones(1000, bool), "is wrong")
    assert [path for path, _ in faults] == [f"T/{row}" for row in range(MAXIMUM_FAULTS)]


def test_a_frame_takes_its_values_as_they_are() -> None:
    """Row n belongs to id n."""
    values = np.arange(2.0 * len(FEATURE_NAMES)).reshape(2, -1)
    frame = feature_frame(["a", "b"], values)
    assert frame.loc["b"].tolist() == values[1].tolist()
