"""What is expected of simulated customers comes true."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.simulate import Action, Truth, expected_in, simulate


def outcome_in(log: pd.DataFrame, index: pd.Index, as_of: str, horizon_days: int) -> pd.DataFrame:
    """What happened to these customers in the horizon: purchase occasions, none at all, and spend."""
    begin = pd.Timestamp(as_of)
    inside = log["event_time"].between(begin, begin + pd.Timedelta(days=horizon_days), inclusive="left")
    bought = log[inside & (log["event_type"] == "purchase")]
    days = bought.assign(day=bought["event_time"].dt.normalize()).drop_duplicates(["customer_id", "day"])
    occasions = days["customer_id"].value_counts().reindex(index, fill_value=0)
    spend = bought.groupby("customer_id")["amount"].sum().reindex(index, fill_value=0.0)
    return pd.DataFrame({"purchases": occasions, "none": (occasions == 0).astype(float), "spend": spend})


@pytest.mark.parametrize("dropout", ["bg", "mbg", "pareto", "none"])
@pytest.mark.parametrize(("as_of", "horizon_days"), [("2024-09-15", 120), ("2024-03-01 13:45", 30)])
def test_expectations_come_true(dropout: str, as_of: str, horizon_days: int) -> None:
    """Occasions, silence and spend in the horizon agree with what was expected, whole and by rate."""
    truth = Truth.plain(dropout, alpha=25.0, season=Truth().season, weekday=Truth().weekday)  # type: ignore[arg-type]
    log, truth_table = simulate(truth, customers=8_000, seed=8)
    check_expectations(log.to_pandas(), truth_table, truth, as_of, horizon_days)


def test_expectations_come_true_among_actions_without_effect() -> None:
    """Visits and incentives that do nothing leave the expectations exact, whoever gets them."""
    truth = replace(Truth(), alpha=25.0).without_effects()
    log, truth_table = simulate(truth, customers=5_000, seed=9, block=5_000)
    check_expectations(log.to_pandas(), truth_table, truth, "2025-02-01", 60)


def check_expectations(
    log: pd.DataFrame, truth_table: pd.DataFrame, truth: Truth, as_of: str, horizon_days: int
) -> None:
    expected = expected_in(truth_table, truth, as_of, horizon_days)
    seen = outcome_in(log, expected.index, as_of, horizon_days)
    rate = truth_table["rate"].reindex(expected.index)
    for part in (rate > 0, rate > rate.quantile(0.9), rate < rate.median()):
        for column, told in (
            ("purchases", "expected_purchases"),
            ("none", "churn_probability"),
            ("spend", "expected_spend"),
        ):
            surprise = (seen[column] - expected[told])[part]
            spread = surprise.std() * np.sqrt(len(surprise))
            if column == "none":
                chance = expected[told][part]
                spread = np.sqrt((chance * (1 - chance)).sum())
            assert abs(surprise.sum()) < 4 * spread + 0.01, (column, len(surprise))
    assert (expected.loc[~expected["alive"], "churn_probability"] == 1).all()


def test_uplift_of_an_action_is_its_effect() -> None:
    """What an action adds to the expectation is rate times effect times days, but for the merging of days."""
    truth = Truth.plain("none", alpha=400.0, visits=(Action("phone", 1.0, 0.5),), visit_days=14)
    _, truth_table = simulate(truth, customers=2_000, block=2_000)
    without = expected_in(truth_table, truth, "2025-01-01", 60)
    uplift = expected_in(truth_table, truth, "2025-01-01", 60, action="phone").astype(float) - without
    gain = truth_table["rate"] * truth_table["effect_phone"] * 14
    np.testing.assert_allclose(uplift["expected_purchases"], gain, rtol=0.05, atol=1e-6)
    assert (uplift["churn_probability"] < 0).all()


def test_expectations_grow_with_the_horizon() -> None:
    """A longer horizon never expects fewer purchases or more silence."""
    truth = Truth(dropout="pareto")
    _, truth_table = simulate(truth, customers=500, block=500)
    short, long = (expected_in(truth_table, truth, "2024-06-01", days) for days in (30, 31))
    assert (long["expected_purchases"] >= short["expected_purchases"]).all()
    assert (long["churn_probability"] <= short["churn_probability"]).all()


def test_impossible_requests_are_refused() -> None:
    """No customers, no horizon, a time after the log and an unknown action are refused."""
    truth = Truth()
    _, truth_table = simulate(truth, customers=20, block=20)
    with pytest.raises(ValueError, match="customers is 0"):
        simulate(customers=0)
    with pytest.raises(ValueError, match="horizon_days is 0"):
        expected_in(truth_table, truth, "2024-01-01", 0)
    with pytest.raises(ValueError, match="as_of is 2030"):
        expected_in(truth_table, truth, "2030-01-01", 30)
    with pytest.raises(ValueError, match="action is 'letter'"):
        expected_in(truth_table, truth, "2024-01-01", 30, action="letter")
