"""Outliers of money: beyond the fence by hand, and none where nothing is unusual."""

import numpy as np
import pandas as pd
import pytest

from reporting.outliers import outer_fence, outlier_table


def test_the_fence_is_three_interquartile_ranges_of_the_logarithm():
    """Amounts e^1 to e^5 in equal steps: quartiles e^2 and e^4, so the fence is e^(4 + 3 * 2)."""
    money = pd.Series(np.exp(np.linspace(1, 5, 41)))
    assert outer_fence(money) == pytest.approx(np.exp(10))


@pytest.mark.parametrize("money", [[5.0] * 40, [1.0, 1e9]])
def test_there_is_no_fence_without_a_spread(money):
    """Equal amounts, or too few of them, have no outlier."""
    assert outer_fence(pd.Series(money)) == np.inf


def test_who_is_beyond_the_fence_is_named_with_their_share():
    """By period, the largest first; customers without money neither count nor move the fence."""
    usual = np.exp(np.linspace(1, 5, 41))
    customers = pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in range(44)],
            "net_spend_365": [*usual, 0.0, np.nan, np.nan],
            "spend": [*usual, 1e6, 3e6, 0.0],
        }
    )
    table = outlier_table(customers)
    assert table["customer_id"].tolist() == ["c42", "c41"]
    assert set(table["period"]) == {"after"}
    assert table["share"].tolist() == pytest.approx(list(np.array([3e6, 1e6]) / (4e6 + usual.sum())))
