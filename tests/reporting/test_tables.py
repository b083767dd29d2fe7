"""The report's tables: figures that can be counted by hand, and laws they keep."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from reporting.customers import high_threshold, percentile_rank, quadrant
from reporting.tables import difference_table

SCORES = st.lists(st.integers(0, 5).map(float), min_size=1, max_size=40)


def test_the_headline_counts_what_the_lists_brought(report):
    """The model's figure is the sum over its first customers, that by lot the mean times the length of the list."""
    customers = report.tables["customers"].set_index("customer_id")
    row = report.tables["headline"].set_index("outcome").loc["purchases"]
    ordered = customers.sort_values("expected_purchases", ascending=False)["purchases"]
    assert row["list"] == round(0.1 * len(customers))
    assert row["by_model"] == ordered.iloc[: int(row["list"])].sum()
    assert row["by_chance"] == pytest.approx(row["list"] * customers["purchases"].mean())
    assert row["low"] <= row["difference"] <= row["high"]


def test_only_those_who_bought_lately_are_watched(report):
    """The watch list is drawn from customers with a purchase within the year."""
    lately = (report.comparison.features["purchase_days_365"] > 0).sum()
    assert report.tables["headline"].set_index("outcome").loc["stayed_away", "among"] == lately


@given(SCORES, st.randoms(use_true_random=False))
def test_both_sides_call_the_same_number_high(scores, random):
    """The swap set has as many on one side as on the other, and high by the rule is who reaches its cut."""
    rule = pd.Series(scores)
    model = pd.Series(random.sample(scores, len(scores)))
    names = quadrant(rule, model)
    assert (names == "rule_only").sum() == (names == "model_only").sum()
    assert names.isin(["both", "rule_only"]).tolist() == (rule >= high_threshold(rule)).tolist()


def test_high_begins_where_the_pictures_lines_are(report):
    """Who is high by the model reaches its line, and who is not does not pass it; likewise by the rule."""
    score, expected = report.thresholds
    customers = report.tables["customers"]
    by_model, by_rule = (customers["quadrant"].isin(["both", f"{side}_only"]) for side in ("model", "rule"))
    assert (customers["loyalty_score"] >= score).tolist() == by_rule.tolist()
    assert customers.loc[by_model, "expected_purchases"].min() == expected
    assert customers.loc[~by_model, "expected_purchases"].max() <= expected


def test_places_run_from_low_to_high():
    """Equal scores share the middle of their places; the mean place is 50."""
    assert percentile_rank(pd.Series([1.0, 2.0, 2.0, 9.0])).tolist() == [12.5, 50.0, 50.0, 87.5]


def test_quadrants_add_up_to_everybody(report):
    """Their customers, and their purchases, are those of the base."""
    quadrants, customers = report.tables["quadrants"], report.tables["customers"]
    assert quadrants["customers"].sum() == len(customers)
    bought = (quadrants["purchases"].fillna(0) * quadrants["customers"]).sum()
    assert bought == pytest.approx(customers["purchases"].sum())


def test_groups_of_ten_add_up_to_everybody(report):
    """By either side the groups hold all customers and all purchases, and what the model expected."""
    for side, groups in report.tables["deciles"].groupby("forecast"):
        assert groups["customers"].sum() == len(report.comparison.purchases)
        for column, whole in (
            ("came", report.comparison.purchases.sum()),
            ("expected", report.comparison.forecasts[side]["expected_purchases"].sum()),
        ):
            assert (groups[column] * groups["customers"]).sum() == pytest.approx(whole)
        assert (groups["low"] <= groups["came"]).all()


def test_gain_curves_rise_from_nothing_to_everything(report):
    """Nobody brings nothing, everybody all, and nothing beats who knew it all."""
    for _, curves in report.tables["gain"].groupby("outcome"):
        wide = curves.pivot(index="customers", columns="forecast", values="share")
        assert (wide.diff().iloc[1:] >= -1e-12).all(axis=None)
        assert wide.iloc[0].tolist() == pytest.approx([0] * wide.shape[1])
        assert wide.iloc[-1].tolist() == pytest.approx([1] * wide.shape[1])
        assert (wide.sub(wide["perfect"], axis=0) <= 1e-9).all(axis=None)


def test_differences_are_those_of_the_measures(report):
    """Each difference is the model's measure less the other's, within its interval."""
    measures = report.tables["measures"].set_index("forecast")
    for row in difference_table(report.comparison).itertuples():
        expected = measures.at["model", row.measure] - measures.at[row.against, row.measure]
        assert row.difference == pytest.approx(expected, rel=1e-4, abs=1e-4)
        assert row.low <= row.difference <= row.high


def test_agreement_is_the_rank_correlation(report):
    """As SciPy has it."""
    customers = report.tables["customers"]
    pairs = report.tables["agreement"].set_index("pair")["correlation"]
    found = spearmanr(customers["loyalty_score"], customers["expected_purchases"]).statistic
    assert pairs["rule_model"] == pytest.approx(found)


def test_segments_hold_everybody(report):
    """Of the model's rows: every customer once, and the share that stayed away is theirs."""
    segments = report.tables["segments"].query("forecast == 'model'")
    assert segments["customers"].sum() == len(report.comparison.purchases)
    gone = (segments["stayed_away"] * segments["customers"]).sum()
    assert gone == pytest.approx(report.comparison.churned.sum())
