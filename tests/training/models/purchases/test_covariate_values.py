"""The covariates from arrays: finite for every row, and what they stand for in cases worked by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.models.purchases.constants import PURCHASE_WINDOWS
from training.models.purchases.covariate_values import (
    COVARIATE_COLUMNS,
    COVARIATES,
    covariate_values,
    covered,
    log_money,
    own_rate,
)

null = st.just(math.nan)


def covariates(row, rfm=(2.0, 40.0, 90.0), expected=0.5, none=0.6):
    """The covariates of one customer by name."""
    columns = {name: np.array([float(row.get(name, math.nan))]) for name in COVARIATE_COLUMNS}
    x, t_x, T = (np.array([each]) for each in rfm)
    with np.errstate(all="ignore"):
        values = covariate_values(
            columns,
            (x, t_x, T),
            own_rate(x, T, 0.5, 30.0),
            30.0,
            np.array([expected]),
            np.array([none]),
            [end - start for _, start, end in PURCHASE_WINDOWS.values()],
            math.log(20),
        )
    return dict(zip(COVARIATES, values[0], strict=True))


@given(
    row=st.fixed_dictionaries(
        {name: st.one_of(null, st.floats(-1e6, 1e6)) for name in COVARIATE_COLUMNS[-6:]}
        | {name: st.integers(0, 5_000) for name in COVARIATE_COLUMNS[:-6]}
    ),
    expected=st.floats(0, 1e6),
    none=st.floats(0, 1),
)
def test_every_row_has_finite_covariates(row, expected, none):
    """Nulls, amounts below 0 and gaps of any size among them."""
    assert all(map(math.isfinite, covariates(row, expected=expected, none=none).values()))


def test_a_customer_at_their_own_pace_has_no_surprise():
    """As many purchases in a window as their rate leads to expect, a usual gap and a usual basket: all near 0."""
    rate = 2.5 / 120
    row = {"T": 90, "purchase_days_30": 30 * rate, "purchase_days_90": 90 * rate}
    row |= {"gap_mean": 20, "gap_last": 20, "overdue_ratio": 0, "basket_mean": 20, "basket_last": 20}
    found = covariates(row)
    for name in ("recent_30", "recent_90", "overdue", "gap_last", "basket", "basket_last"):
        assert found[name] == pytest.approx(0, abs=1e-12)
    assert found["recent_180"] == 0  # not a customer for so long


def test_helpers_state_the_rate_the_window_and_the_amount():
    """By hand."""
    assert own_rate(np.array([3.0]), np.array([70.0]), 1.0, 10.0) == [0.05]
    assert covered(np.array([89.0, 90.0]), -90).tolist() == [False, True]
    np.testing.assert_array_equal(log_money(np.array([1.0, -5.0, np.nan])), [0.0, math.log(0.01), np.nan])
