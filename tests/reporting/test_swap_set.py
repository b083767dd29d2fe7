"""The swap set: differences of its two groups, each with its own interval."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from reporting.swap_set import difference_interval, swap_table
from reporting.verdicts import verdict


def test_the_differences_are_those_of_the_quadrants(report):
    """Means of the two quadrants, and their difference within its interval."""
    quadrants = report.tables["quadrants"].set_index("quadrant")
    table = report.tables["swap_set"].set_index("outcome")
    for outcome, column in (("purchases", "purchases"), ("spend", "spend")):
        assert table.at[outcome, "model_only"] == pytest.approx(quadrants.at["model_only", column])
        assert table.at[outcome, "rule_only"] == pytest.approx(quadrants.at["rule_only", column])
    assert table.at["bought_again", "rule_only"] == pytest.approx(1 - quadrants.at["rule_only", "stayed_away"])
    assert (table["difference"] == table["model_only"] - table["rule_only"]).all()
    assert ((table["low"] <= table["difference"]) & (table["difference"] <= table["high"])).all()


def test_the_interval_is_that_of_welch_for_large_groups():
    """Of two groups with different variances, within a tenth of its width."""
    rng = np.random.default_rng(0)
    one, other = rng.exponential(2.0, 400), rng.exponential(1.0, 300)
    exact = ttest_ind(one, other, equal_var=False).confidence_interval()
    low, high = difference_interval(one, other)
    assert abs(low - exact.low) + abs(high - exact.high) < 0.1 * (exact.high - exact.low)


def test_a_difference_can_be_clear_where_the_intervals_overlap():
    """Means of .87 and 1.21 days, whose own intervals overlap: the difference is beyond chance all the same."""
    counts = {"model_only": [58, 40, 25, 16, 11], "rule_only": [72, 45, 18, 10, 5]}
    groups = {name: np.repeat(range(5), customers) for name, customers in counts.items()}
    assert groups["model_only"].mean() - 1.96 * groups["model_only"].std() / 150**0.5 < (
        groups["rule_only"].mean() + 1.96 * groups["rule_only"].std() / 150**0.5
    )
    customers = pd.DataFrame(
        {
            "quadrant": np.repeat(list(groups), 150),
            "purchases": np.concatenate(list(groups.values())),
            "stayed_away": np.concatenate(list(groups.values())) == 0,
            "spend": 0.0,
        }
    )
    table = swap_table(customers).set_index("outcome")
    assert list(table.index) == ["purchases", "bought_again"]
    assert verdict(table.at["purchases", "low"], table.at["purchases", "high"]) == "model"


def test_a_group_of_one_or_none_decides_nothing():
    """One customer has no interval; without a swap set there is no row."""
    customers = pd.DataFrame(
        {"quadrant": ["model_only", "rule_only"], "purchases": [3, 1], "stayed_away": [False, False], "spend": 1.0}
    )
    assert swap_table(customers)[["low", "high"]].isna().all(axis=None)
    assert swap_table(customers.assign(quadrant="both")).empty
