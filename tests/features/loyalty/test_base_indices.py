"""The base-level formulas: the sources' figures, what counts in n, and what is refused."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import FormulaError
from features.loyalty.base_indices import base_index, base_indices, weighted_mean
from features.loyalty.formula import load_formula

RULE = load_formula()


def test_satisfaction_index_of_the_source() -> None:
    """Satisfaction [90, 80, 70, 60, 50] of 100 gives 0.70."""
    assert base_index([90, 80, 70, 60, 50], 100) == 0.70


def test_loyalty_index_of_the_source() -> None:
    """Loyalty [95, 85, 75, 65, 55] of 100 gives 0.75."""
    assert base_index([95, 85, 75, 65, 55], 100) == 0.75


def test_purchase_index_of_the_source() -> None:
    """Purchases [10, 5, 3, 2, 1] of 10 give 0.42."""
    assert base_index([10, 5, 3, 2, 1], 10) == 0.42


def test_weighted_mean_of_the_source() -> None:
    """A table of purchase_count and purchase_weight gives sum(count * weight) / sum(weight)."""
    table = pd.DataFrame({"purchase_count": [10, 5, 2], "purchase_weight": [0.5, 0.3, 0.2]})
    assert weighted_mean(table["purchase_count"], table["purchase_weight"]) == pytest.approx(6.9)


@given(st.lists(st.floats(0, 10), min_size=1), st.randoms(use_true_random=False))
def test_base_index_is_order_free_and_in_range(ratings: list[float], random: Any) -> None:
    """The index of ratings in 0..X is in 0..1 (up to rounding), equals the mean, and no order changes it."""
    found = base_index(ratings, 10)
    assert 0 <= found <= 1 + 1e-12
    assert found == pytest.approx(np.mean(ratings) / 10)
    random.shuffle(ratings)
    assert base_index(ratings, 10) == found


def test_base_index_leaves_nulls_out() -> None:
    """Nulls count neither in the sum nor in n; without values there is no index."""
    assert base_index([5, None, 10, math.nan], 10) == 0.75
    assert math.isnan(base_index([None], 10))
    assert math.isnan(base_index([], 10))


@pytest.mark.parametrize("maximum", [0, -1, math.nan, math.inf])
def test_base_index_needs_a_maximum(maximum: float) -> None:
    """A maximum that is not a finite number above 0 is refused."""
    with pytest.raises(ValueError, match=f"maximum: found {maximum}"):
        base_index([1], maximum)


def ratings(**columns: list[float | None]) -> pd.DataFrame:
    names = [f"{at}_{rating}_last" for at in ("visit", "feedback") for rating in ("satisfaction", "loyalty")]
    return pd.DataFrame({name: [math.nan] * 3 for name in names} | {"purchase_days_365": [0.0] * 3} | columns)


def test_base_indices_report_n_and_maximum() -> None:
    """Each customer counts once: the mean of both last ratings or the one there is; n says how many."""
    features = ratings(
        visit_satisfaction_last=[8, None, None],
        feedback_satisfaction_last=[6, 3, None],
        visit_loyalty_last=[None, None, 9],
        purchase_days_365=[3, 6, 30],
    )
    expected = pd.DataFrame(
        {"index": [0.5, 0.9, 21 / 36], "n": [2, 1, 3], "maximum": [10.0, 10.0, 12.0]},
        index=["satisfaction", "loyalty", "purchases"],
    )
    pd.testing.assert_frame_equal(base_indices(features, RULE), expected)


def test_base_indices_refuse_ratings_of_another_scale() -> None:
    """Ratings above the configured maximum mean a wrong maximum, not happy customers."""
    with pytest.raises(FormulaError, match=r"maxima\.loyalty: found ratings up to 85, expected none above 10"):
        base_indices(ratings(visit_loyalty_last=[85, 7, None]), RULE)


def test_a_rating_at_the_top_of_its_scale_is_full() -> None:
    """Ten of ten is an index of 1, at a visit as in feedback."""
    found = base_indices(ratings(visit_loyalty_last=[10, 10, None], feedback_satisfaction_last=[10, None, None]), RULE)
    assert found["index"].tolist() == [1, 1, 0]


def test_base_indices_name_missing_columns() -> None:
    """An absent column is named."""
    with pytest.raises(FormulaError, match="found no feedback_loyalty_last, expected for the base indices"):
        base_indices(ratings().drop(columns="feedback_loyalty_last"), RULE)


def test_weighted_mean_edges() -> None:
    """Nulls are left out in pairs, no weight means no mean, and bad columns are refused."""
    assert weighted_mean([1, 2, None], [1, 3, 5]) == 1.75
    assert math.isnan(weighted_mean([1, 2], [0, 0]))
    with pytest.raises(ValueError, match=r"weights: found shape \(1,\), expected \(2,\)"):
        weighted_mean([1, 2], [1])
    with pytest.raises(ValueError, match=r"weights: found -1\.0, expected numbers >= 0"):
        weighted_mean([1, 2], [1, -1])
