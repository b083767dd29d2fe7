"""The seasonal clock: four years come round, a season is found again, and without one it runs evenly."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.simulate import Truth, season_factors
from tests.training.logs import START, simulated, stored
from tests.training.training_sets import windows_at
from training.models.purchases.constants import CYCLE_DAYS
from training.models.purchases.seasonality import Seasonality
from training.models.window import Activity

COEFFICIENTS = st.lists(st.floats(-0.4, 0.4), min_size=6, max_size=6).map(tuple)
DAYS = st.integers(-60_000, 60_000)
SEASON = ((0.4, 340.0), (0.15, 345.0))
DATE = START + timedelta(800)


def learned(folder, **changes):
    shop = windows_at(stored(simulated(1500, days=800, **changes), folder), DATE)
    return Seasonality.fit(shop.now.features, shop.past, shop.now.day)


def busy(clock):
    """The clock's pace on each day of the year after the date, its mean 1."""
    paces = np.diff(clock.adjusted_time((DATE - date(1970, 1, 1)).days + np.arange(367)))
    return paces / paces.mean()


@given(coefficients=COEFFICIENTS, origin=st.integers(0, 30_000), day=DAYS, more=st.integers(1, 5000))
def test_it_always_goes_on_and_comes_round_in_four_years(coefficients, origin, day, more):
    """However far from its origin: a later day is later on the clock, and the same days take the same time."""
    clock = Seasonality(origin, coefficients)
    assert clock.adjusted_time(origin) == 0
    assert clock.adjusted_days(day, more) > 0
    assert clock.adjusted_days(day, more) == pytest.approx(clock.adjusted_days(day + CYCLE_DAYS, more), rel=1e-9)
    assert clock.adjusted_days(day, -more) == pytest.approx(-clock.adjusted_days(day - more, more), rel=1e-9)


@given(origin=st.integers(0, 30_000), day=st.floats(-1e6, 1e6))
def test_without_coefficients_it_shows_plain_days(origin, day):
    """Fractions of a day, before and after its origin."""
    assert Seasonality(origin).adjusted_time(day) == pytest.approx(day - origin, abs=1e-6)


def test_a_season_is_found_again(tmp_path):
    """How busy the days of the next year will be, from two years of purchases."""
    clock = learned(tmp_path, season=SEASON)
    truth = season_factors(Truth.plain(start=DATE, season=SEASON), 366)
    truth /= truth.mean()
    assert np.corrcoef(busy(clock), truth)[0, 1] > 0.9
    assert np.abs(busy(clock) - truth).mean() < 0.5 * np.abs(1 - truth).mean()


def test_without_a_season_it_runs_nearly_evenly(tmp_path):
    """Chance alone makes few days more than a tenth busier or quieter than they are."""
    assert np.abs(busy(learned(tmp_path)) - 1).mean() < 0.07


def test_histories_are_in_clock_time(purchase_model, windows):
    """Frequency stays; recency and T keep their order, and are zero together with what makes them so."""
    clock = Seasonality(windows.now.day, (0.5, 0.2, 0.0, 0.3, 0.1, 0.0))
    plain, found = (
        windows.now.features,
        clock.adjusted_rfm(windows.now.features, windows.now.day),
    )
    assert (found["frequency"] == plain["frequency"]).all()
    assert ((found["recency"] > 0) == (plain["recency"] > 0)).all()
    assert (found["recency"] <= found["T"]).all()
    np.testing.assert_allclose(found["T"], -clock.adjusted_days(windows.now.day, -plain["T"]), atol=0.11)
    even = Seasonality(windows.now.day).adjusted_rfm(plain, windows.now.day)
    assert (even[["recency", "T"]] == plain[["recency", "T"]]).all(axis=None)


def test_with_little_to_see_it_is_plain(windows):
    """Few weeks, few customers who came three times, or none at all."""
    customers = windows.now.features
    few = customers[customers["frequency"] >= 2].iloc[:19]
    once = customers[customers["frequency"] == 0]
    nothing = Activity(windows.now.day - 40, np.zeros(40, int), np.zeros(40, int))
    for some, past in (
        (few, windows.past),
        (once, windows.past),
        (customers[customers["T"] < 40], nothing),
    ):
        assert Seasonality.fit(some, past, windows.now.day).coefficients == ()
