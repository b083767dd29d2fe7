"""The tables of the report: figures counted by hand, and laws that hold for them."""

import pytest
from scipy.stats import spearmanr

from reporting.tables import best_forecasts, difference_table


def test_the_headline_is_the_sum_over_the_lists(report):
    """The model's figure is the sum over its top customers, the random one the mean times the length of the list."""
    customers = report.tables["customers"].set_index("customer_id")
    row = report.tables["headline"].set_index("outcome").loc["purchases"]
    ordered = customers.sort_values("expected_purchases", ascending=False)["purchases"]
    assert row["list"] == round(0.1 * len(customers))
    assert row["by_model"] == ordered.iloc[: int(row["list"])].sum()
    assert row["by_chance"] == pytest.approx(row["list"] * customers["purchases"].mean())
    assert row["low"] <= row["difference"] <= row["high"]


def test_the_churn_list_has_recent_buyers_only(report):
    """It has customers with a purchase within the year, highest churn probability or lowest score first."""
    row = report.tables["headline"].set_index("outcome").loc["stayed_away"]
    customers = report.tables["customers"].set_index("customer_id")
    recent = customers[report.comparison.features["purchase_days_365"] > 0]
    assert row["among"] == len(recent) < len(customers)
    assert row["list"] == round(0.1 * len(recent))
    by_model = recent.sort_values("churn_probability", ascending=False)["stayed_away"]
    assert row["by_model"] == pytest.approx(by_model.iloc[: int(row["list"])].sum())
    lowest = recent["loyalty_score"].nsmallest(int(row["list"])).iloc[-1]
    certain, tied = recent["loyalty_score"] < lowest, recent["loyalty_score"] == lowest
    places = row["list"] - certain.sum()
    by_rule = recent["stayed_away"][certain].sum() + places * recent["stayed_away"][tied].mean()
    assert row["by_rule"] == pytest.approx(by_rule)


def test_quadrants_add_up_to_all_customers(report):
    """Their customers and their purchases are those of the base."""
    quadrants, customers = report.tables["quadrants"], report.tables["customers"]
    assert quadrants["customers"].sum() == len(customers)
    bought = (quadrants["purchases"].fillna(0) * quadrants["customers"]).sum()
    assert bought == pytest.approx(customers["purchases"].sum())


def test_deciles_add_up_to_all_customers(report):
    """By either side the groups hold all customers, all purchases and all expected purchases."""
    for side, groups in report.tables["deciles"].groupby("forecast"):
        assert groups["customers"].sum() == len(report.comparison.purchases)
        for column, whole in (
            ("came", report.comparison.purchases.sum()),
            ("expected", report.comparison.forecasts[side]["expected_purchases"].sum()),
        ):
            assert (groups[column] * groups["customers"]).sum() == pytest.approx(whole)
        assert (groups["low"] <= groups["came"]).all()


def test_gain_curves_rise_from_0_to_1(report):
    """No curve falls, and none is above that of the perfect ranking."""
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
    """It equals that of SciPy."""
    customers = report.tables["customers"]
    pairs = report.tables["agreement"].set_index("pair")["correlation"]
    found = spearmanr(customers["loyalty_score"], customers["expected_purchases"]).statistic
    assert pairs["rule_model"] == pytest.approx(found)


def test_segments_hold_all_customers(report):
    """Of the model's rows: every customer once, and the churned customers are those of the base."""
    segments = report.tables["segments"].query("forecast == 'model'")
    assert segments["customers"].sum() == len(report.comparison.purchases)
    churned = (segments["stayed_away"] * segments["customers"]).sum()
    assert churned == pytest.approx(report.comparison.churned.sum())


def test_the_best_of_each_measure_is_named(report):
    """By its direction: the lowest deviance, the highest AUC, the bias nearest 0; none of what one alone has."""
    measures = report.tables["measures"]
    best = best_forecasts(measures)
    rows = measures.set_index("forecast")
    assert best["deviance"] == {rows["deviance"].idxmin()}
    assert best["auc"] >= {rows["auc"].idxmax()}
    assert best["bias"] == {rows["bias"].abs().idxmin()}
    assert best["coverage"] == set()
