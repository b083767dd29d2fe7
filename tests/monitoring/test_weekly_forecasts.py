"""Weeks are compared with those that the reference knows, and a change of purchases is found soon."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.simulate import simulate
from monitoring.weekly_forecasts import TOLERANCE, TOLERANCE_WITHOUT_YEAR, judged, reference_weights, weekly_forecasts
from tests.monitoring.shops import FlatModel
from tests.training.logs import stored


def weeks(ratios: np.ndarray, references: int, forecast: float = 1_000) -> pd.DataFrame:
    """A table of weeks with these ratios."""
    days = np.arange(len(ratios)) * 7
    return pd.DataFrame(
        {
            "day": days,
            "from": [str(date(2024, 1, 1) + timedelta(int(day))) for day in days],
            "forecast": forecast,
            "purchases": np.round(forecast * ratios).astype(int),
            "reference": np.arange(len(ratios)) < references,
            "ratio": ratios,
        }
    )


def shocks(size: int, seed: int) -> np.ndarray:
    return np.exp(0.15 * np.random.default_rng(seed).standard_normal(size))


@pytest.mark.parametrize(("factor", "most"), [(0.6, 8), (0.8, 20), (1.25, 20)])
def test_a_change_is_found_within_weeks(factor: float, most: int) -> None:
    """The median over 40 shops with shared weekly shocks of 15 %; change and beginning are about right."""
    delays = []
    for seed in range(40):
        ratios = shocks(52 + 60, seed)
        ratios[62:] *= factor
        path = judged(weeks(ratios, 52), seed=seed).path
        assert path is not None
        first = 99 if path.first is None else path.first
        if first >= 10:  # an earlier alarm is a false one
            delays.append(first - 9)
    assert np.median(delays) <= most


def test_a_model_that_has_learnt_a_change_has_no_alarm_for_it_and_finds_the_next() -> None:
    """The weeks before the change, under its reference, had more purchases than it would have forecast."""
    learnt, found = [], []
    for seed in range(20):
        ratios = shocks(52 + 60, seed)
        ratios[:44] /= 0.6
        ratios[82:] *= 0.6
        learnt.append(judged(weeks(ratios[:82], 52), seed=seed).path)
        path = judged(weeks(ratios, 52), seed=seed).path
        assert path is not None
        found.append(99 if path.first is None else path.first - 29)
    assert sum(path is not None and path.first is not None for path in learnt) <= 2
    assert np.median(found) <= 10


def test_a_model_that_has_not_learnt_it_keeps_its_alarm() -> None:
    """A fit soon after the change: its forecasts are still a third too high."""
    for seed in range(5):
        ratios = shocks(52 + 40, seed)
        ratios[48:] *= 0.75
        assert judged(weeks(ratios, 52), seed=seed).alarm


def test_undrifted_shops_seldom_alarm() -> None:
    """In two years of weekly looks, of 60 shops with shocks of 15 %, at most 7 (binomial of 5 %: 99 %)."""
    alarms = [judged(weeks(shocks(52 + 104, seed), 52), seed=seed) for seed in range(60)]
    assert sum(found.path is not None and found.path.first is not None for found in alarms) <= 7


def test_a_season_that_the_model_misses_every_year_is_no_news() -> None:
    """With a year before the fit the same weeks are the reference; without it the tolerance is wider, and says so."""
    season = 1 + 0.3 * np.sin(2 * np.pi * np.arange(104) / 52)
    found = judged(weeks(season * shocks(104, 5), 52))
    assert found.seasonal
    assert found.tolerance == TOLERANCE
    assert not found.alarm
    assert judged(weeks(season[:60], 30)).tolerance == TOLERANCE_WITHOUT_YEAR


def test_the_change_is_named() -> None:
    """A fifth fewer purchases since a week, as a share."""
    ratios = shocks(90, 6)
    ratios[70:] *= 0.7
    found = judged(weeks(ratios, 52))
    assert found.alarm
    assert found.change == pytest.approx(-0.3, abs=0.08)
    assert found.since is not None
    assert abs((date.fromisoformat(found.since) - date(2024, 1, 1)).days / 7 - 70) <= 5


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (weeks(np.ones(20), 4), "4 weeks before the fit can be compared, expected 8"),
        (weeks(np.ones(20), 20), "no week is over since the fit"),
        (weeks(np.ones(40), 20, 3.0), "3 purchase days in a usual week, expected 20"),
    ],
)
def test_where_nothing_can_be_said_it_says_why(table: pd.DataFrame, said: str) -> None:
    """It is no alarm."""
    found = judged(table)
    assert found.reason == said
    assert not found.alarm


def test_each_look_has_a_reference_whose_weights_sum_to_one() -> None:
    """The same week of the last year before the fit and its neighbours, in the second year too."""
    weights, seasonal = reference_weights(52, 104)
    assert seasonal
    assert weights.sum(axis=1) == pytest.approx(1)
    assert np.flatnonzero(weights[10]).tolist() == [9, 10, 11]
    assert weights[62].tolist() == weights[10].tolist()
    weights, seasonal = reference_weights(30, 5)
    assert not seasonal
    assert weights == pytest.approx(1 / 30)


def test_weeks_are_counted_as_the_log_has_them(tmp_path) -> None:
    """Forecasts are sums over customers who had bought by then, outcomes their purchase days in the week after."""
    log, _ = simulate(customers=200, seed=3)
    store = stored(log, tmp_path)
    end = AsOf.parse("2025-06-01", store.timezone)
    found = weekly_forecasts(store, FlatModel("2025-03-01", 0.1), end)
    looks = found.table[~found.table["reference"]]
    assert found.table["reference"].sum() == 52
    last = looks.iloc[-1]
    assert last["from"] == "2025-05-25"
    features = feature_table(store, "2025-05-25")
    buyers = features.index[features["purchase_days"] > 0]
    assert last["forecast"] == pytest.approx(0.1 * len(buyers))
    frame = log.to_pandas()
    bought = frame[(frame["event_type"] == "purchase") & frame["customer_id"].isin(buyers)]
    inside = bought[(bought["event_time"] >= "2025-05-25") & (bought["event_time"] < "2025-06-01")]
    expected = len({(row.customer_id, str(row.event_time)[:10]) for row in inside.itertuples()})
    assert last["purchases"] == expected
