"""The customer table: percentile ranks, thresholds, quadrants and the outcome of every customer."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.customers import customer_table, high_threshold, percentile_rank, quadrant, scatter_rows

SCORES = st.lists(st.integers(0, 5).map(float), min_size=1, max_size=40)


@given(SCORES, st.randoms(use_true_random=False))
def test_both_sides_have_the_same_number_of_high_customers(scores, random):
    """The swap set has as many customers on each side, and high by the rule starts at its threshold."""
    rule = pd.Series(scores)
    model = pd.Series(random.sample(scores, len(scores)))
    names = quadrant(rule, model)
    assert (names == "rule_only").sum() == (names == "model_only").sum()
    assert names.isin(["both", "rule_only"]).tolist() == (rule >= high_threshold(rule)).tolist()


def test_high_starts_at_the_thresholds(report):
    """Customers that are high by a side reach its threshold, and no other customer is above it."""
    score, expected = report.thresholds
    customers = report.tables["customers"]
    by_model, by_rule = (customers["quadrant"].isin(["both", f"{side}_only"]) for side in ("model", "rule"))
    assert (customers["loyalty_score"] >= score).tolist() == by_rule.tolist()
    assert customers.loc[by_model, "expected_purchases"].min() == expected
    assert customers.loc[~by_model, "expected_purchases"].max() <= expected


def test_percentile_ranks_run_from_low_to_high():
    """Equal scores share the mean of their ranks; the mean rank is 50."""
    assert percentile_rank(pd.Series([1.0, 2.0, 2.0, 9.0])).tolist() == [12.5, 50.0, 50.0, 87.5]


@pytest.mark.parametrize(("size", "threshold"), [(1, 1.0), (4, 4.0), (8, 7.0), (100, 76.0)])
def test_a_quarter_is_high(size, threshold):
    """Of the scores 1 to n, the top quarter; of few customers, at least one."""
    assert high_threshold(range(1, size + 1)) == threshold


def test_quadrants_by_hand():
    """The rule's list includes ties, and the model's list is as long, with equal forecasts in order."""
    rule = pd.Series([5.0, 5.0, 1.0, 0.0])
    model = pd.Series([3.0, 0.0, 9.0, 3.0])
    assert quadrant(rule, model).tolist() == ["both", "rule_only", "model_only", "neither"]


def test_the_table_has_the_points_and_the_outcome(report):
    """The points of all parts sum to the score, and a customer churned exactly if no purchase was made."""
    table = customer_table(report.comparison)
    assert table.filter(like="points_").sum(axis=1).to_numpy() == pytest.approx(table["loyalty_score"].to_numpy())
    assert (table["stayed_away"] == (table["purchases"] == 0)).all()
    assert table.index.equals(report.comparison.features.index)


def test_the_scatter_plot_shows_the_outcome(report):
    """Each row has the text of its own outcome."""
    customers = report.tables["customers"]
    rows = scatter_rows(customers, "bought", "churned")
    assert [row["customer_id"] for row in rows] == customers["customer_id"].tolist()
    assert all((row["outcome"] == "bought") == (row["purchases"] > 0) for row in rows)
