"""What is expected of customers with regular gaps and pauses comes true."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.errors import InvalidArgumentError
from features.simulate import Truth, expected_in, simulate
from features.simulate.behaviour import Action

PLAIN = Truth.plain("mbg", days=560, acquisition_days=200, r=2.0, alpha=25.0, b=20.0, season=((0.3, 340.0),))
WORLDS = {
    "regular": replace(PLAIN, gap_phases=4),
    "pauses": replace(PLAIN, active_days=90.0, pause_days=120.0),
    "regular with pauses": replace(PLAIN, gap_phases=3, active_days=120.0, pause_days=90.0),
    "clumpy": replace(PLAIN, dropout="pareto", active_days=8.0, pause_days=50.0, alpha=8.0),
}


def occasions(log: pd.DataFrame) -> pd.DataFrame:
    bought = log[log["event_type"] == "purchase"]
    return bought.assign(day=bought["event_time"].dt.normalize())


@pytest.mark.parametrize("world", WORLDS)
def test_expectations_come_true_by_state(world):
    """Counts and silence in the horizon agree with what was expected, for all customers and by silence and forecast."""
    truth, as_of, horizon_days = WORLDS[world], pd.Timestamp("2024-02-01"), 90
    log, table = simulate(truth, 5_000, seed=4, block=5_000)
    bought = occasions(log.to_pandas())
    before = bought[bought["event_time"] < as_of].groupby("customer_id")["event_time"].max()
    after = bought[bought["event_time"].between(as_of, as_of + pd.Timedelta(days=horizon_days), inclusive="left")]
    expected = expected_in(table, truth, as_of.isoformat(), horizon_days, last_purchase=before)
    count = after.groupby("customer_id")["day"].nunique().reindex(expected.index, fill_value=0)
    silent_days = (as_of - before.reindex(expected.index)).dt.days
    none = expected["churn_probability"]
    parts = (none >= 0, silent_days > silent_days.median(), silent_days <= silent_days.quantile(0.2), none < 0.2)
    for part in parts:
        surprise = (count - expected["expected_purchases"])[part]
        assert abs(surprise.mean()) < 4 * surprise.std() / np.sqrt(part.sum()) + 1e-9
        chance = none[part]
        gap = (count[part] == 0).mean() - chance.mean()
        assert abs(gap) < 4 * np.sqrt((chance * (1 - chance)).sum()) / part.sum() + 1e-9
    assert (expected["expected_purchases"] >= 1 - none - 1e-9).all()


@pytest.mark.parametrize("dropout", ["bg", "pareto", "none"])
def test_without_phases_and_with_rare_pauses_the_plain_expectations_are_met(dropout):
    """Pauses that hardly ever come change nothing: the integration agrees with the closed form to one in 10,000."""
    truth = replace(PLAIN, dropout=dropout)
    rare = replace(truth, active_days=1e9, pause_days=1.0)
    table, same = (simulate(kind, 300, seed=2, block=300)[1] for kind in (truth, rare))
    pd.testing.assert_frame_equal(table, same.drop(columns="pauses"))
    plain = expected_in(table, truth, "2024-02-01", 60)
    stated = expected_in(same, rare, "2024-02-01", 60)
    np.testing.assert_allclose(stated.drop(columns="alive"), plain.drop(columns="alive"), rtol=1e-4, atol=1e-6)


def test_gaps_of_four_phases_vary_half_as_much():
    """The coefficient of variation of gaps is 1 over the root of the phases, and their mean is as without phases."""
    truth = replace(PLAIN, gap_phases=4, dropout="none", r=500.0, alpha=5_000.0, season=())
    log, _ = simulate(truth, 300, seed=3, block=300)
    times = log.to_pandas().sort_values(["customer_id", "event_time"])
    gaps = times.groupby("customer_id")["event_time"].diff().dropna() / pd.Timedelta(days=1)
    assert gaps.std() / gaps.mean() == pytest.approx(0.5, abs=0.03)
    assert gaps.mean() == pytest.approx(10.0, rel=0.03)


def test_growth_raises_the_second_year():
    """With a growth of half, a customer buys half as much again a year later."""
    truth = Truth.plain("none", days=731, acquisition_days=1, growth=0.5)
    log, _ = simulate(truth, 2_000, seed=5, block=2_000)
    times = log.to_pandas()["event_time"]
    years = [times.between(f"{year}-01-02", f"{year}-12-31").sum() for year in (2023, 2024)]
    assert years[1] / years[0] == pytest.approx(1.5, rel=0.03)


def test_what_the_states_do_not_know_is_refused():
    """An action, or phases without the last purchase, end in an error that says what is needed."""
    truth = replace(PLAIN, gap_phases=2, visits=(Action("phone", 1.0, 0.0),))
    _, table = simulate(truth, 20, block=20)
    with pytest.raises(InvalidArgumentError, match="last_purchase"):
        expected_in(table, truth, "2024-02-01", 30)
    with pytest.raises(InvalidArgumentError, match="without a world"):
        replace(truth, reps=2)
    with pytest.raises(InvalidArgumentError, match="whole number"):
        replace(truth, gap_phases=1.5)
