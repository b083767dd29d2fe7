"""A row of features that no customer can have is refused with the path of what is wrong."""

from typing import Any

import pytest
from starlette.applications import Starlette

from tests.serving.asking import ask, columns_request, feature_row, problem_of, rows_request

INVALID_FEATURES: dict[str, tuple[Any, str]] = {
    "neither rows nor columns": ({"as_of": "2011-06-10"}, ""),
    "rows and columns": (rows_request() | columns_request(), ""),
    "no rows": (rows_request(rows=[]), "rows"),
    "a row without a column that has no null rule": (
        rows_request(rows=[{k: v for k, v in feature_row().items() if k != "frequency"}]),
        "rows/0",
    ),
    "a column too many": (rows_request(row={"height": 180}), "rows/0"),
    "null where there is no null": (rows_request(row={"frequency": None}), "rows/0/frequency"),
    "a negative count": (rows_request(row={"purchase_count": -1}), "rows/0/purchase_count"),
    "half a purchase": (rows_request(row={"purchase_count": 2.5}), "rows/0/purchase_count"),
    "no day between two occasions": (rows_request(row={"gap_mean": 0}), "rows/0/gap_mean"),
    "a text as a number": (rows_request(row={"total_spend": "7"}), "rows/0/total_spend"),
    "more days than there are": (rows_request(row={"T": 1e6}), "rows/0/T"),
    "recency beyond T": (rows_request(row={"recency": 1000, "T": 900}), "rows/0/recency"),
    "recency without frequency": (rows_request(row={"frequency": 0}), "rows/0/frequency"),
    "more occasions than days": (rows_request(row={"frequency": 200, "purchase_days": 201}), "rows/0/frequency"),
    "as many repeats as purchases": (rows_request(row={"frequency": 2}), "rows/0/frequency"),
    "a buyer without T": (rows_request(row={"T": None}), "rows/0/T"),
    "a stranger with T": (rows_request(row={"purchase_days": 0, "frequency": 0, "recency": 0}), "rows/0/T"),
    "repeats without a gap": (rows_request(row={"gap_mean": None}), "rows/0/gap_mean"),
    "a basket without its largest": (rows_request(row={"basket_max": None}), "rows/0/basket_max"),
    "a row twice": (rows_request(rows=[feature_row(), feature_row()]), "rows/1/customer_id"),
    "a column that is no list": (columns_request(columns={"T": 5}), "columns/T"),
    "a column that is longer": (columns_request(columns={"T": [5, 5]}), "columns/T"),
    "a text in a column": (columns_request(columns={"T": ["5"]}), "columns/T/0"),
    "an impossible row in columns": (columns_request(columns={"recency": [1000], "T": [900]}), "columns/recency/0"),
    "null in a column without": (columns_request(columns={"frequency": [None]}), "columns/frequency/0"),
    "columns without customers": (columns_request(columns={"customer_id": []}), "columns/customer_id"),
    "an unknown column": (columns_request(columns={"height": [180]}), "columns"),
}


@pytest.mark.parametrize(("body", "path"), INVALID_FEATURES.values(), ids=list(INVALID_FEATURES))
def test_features_that_no_customer_has_are_named(app: Starlette, body: Any, path: str) -> None:
    """422 with the path of what is wrong, by rows and by columns."""
    problem_of(ask(app, "/score_features", body), 422, path)


INVALID_ROWS = {why: each for why, each in INVALID_FEATURES.items() if each[1].startswith("rows/")}


@pytest.mark.parametrize(("body", "path"), INVALID_ROWS.values(), ids=list(INVALID_ROWS))
def test_what_is_wrong_with_one_is_wrong_among_many(app: Starlette, body: Any, path: str) -> None:
    """The path is the same where rows are so many that they are read as a frame."""
    more = [feature_row(customer_id=f"c{number}") for number in range(250)]
    problem_of(ask(app, "/score_features", body | {"rows": body["rows"] + more}), 422, path)
