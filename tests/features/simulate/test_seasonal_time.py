"""Time in the simulation: the seasonal clock, its inverse, and hours of the day."""

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.simulate import Truth, season_factors, simulate
from features.simulate.seasonal_time import seasonal_clock, to_days, to_timestamps

TRUTH = Truth(start=datetime.date(2023, 1, 1))


def test_season_and_weekdays_show() -> None:
    """Purchases by month and by weekday are those the factors say."""
    truth = Truth.plain(
        "none",
        alpha=20.0,
        days=366,
        acquisition_days=1,
        start=datetime.date(2022, 12, 31),
        season=((0.5, 340.0),),
        weekday=(1, 1, 1, 1, 1, 2, 0),
    )
    log, _ = simulate(truth, customers=10_000)
    times = log.to_pandas()["event_time"]
    times = times[times >= "2023-01-01"]
    days = pd.date_range("2023-01-01", "2023-12-31")
    factor = 1 + 0.5 * np.cos(2 * np.pi * (days.day_of_year - 1 - 340) / 365.25)
    factor *= np.array([1, 1, 1, 1, 1, 2, 0])[days.day_of_week]
    expected = pd.Series(factor, index=days.month).groupby(level=0).sum()
    seen = times.dt.month.value_counts().sort_index()
    np.testing.assert_allclose(seen / seen.sum(), expected / expected.sum(), rtol=0.05)
    by_weekday = times.dt.day_of_week.value_counts()
    assert 6 not in by_weekday
    assert by_weekday[5] / by_weekday.drop(5).mean() == pytest.approx(2.0, rel=0.05)


def test_the_factors_have_mean_one_over_whole_years_and_weeks() -> None:
    """Season and weekdays move purchases about and add none: 28 years are whole weeks and whole leap cycles."""
    days = 28 * 1461 // 4
    assert season_factors(TRUTH, days).mean() == pytest.approx(1.0, abs=1e-3)
    assert (season_factors(Truth.plain(), 365) == 1).all()


@given(st.floats(0, 300))
def test_the_clock_runs_back_to_the_same_time(day: float) -> None:
    """A reading's time has that reading; with no season the clock shows the days themselves."""
    clock = seasonal_clock(TRUTH, 301)
    assert clock.day(clock.at(np.array([day])))[0] == pytest.approx(day, abs=1e-9)
    assert seasonal_clock(Truth.plain(), 301).at(np.array([day]))[0] == pytest.approx(day, abs=1e-9)


@given(st.floats(0, 1000))
def test_a_wall_clock_time_leads_back_to_its_day(day: float) -> None:
    """To the second; within the opening hours, and on the same date."""
    stamp = pd.Timestamp(to_timestamps(TRUTH, np.array([day]))[0])
    assert stamp.date() == TRUTH.start + datetime.timedelta(days=int(day))
    assert 7 <= stamp.hour < 22
    assert to_days(TRUTH, stamp.to_pydatetime()) == pytest.approx(day, abs=1e-4)


def test_no_time_is_null() -> None:
    """Infinity and NaN become NaT."""
    assert np.isnat(to_timestamps(TRUTH, np.array([np.inf, np.nan]))).all()
