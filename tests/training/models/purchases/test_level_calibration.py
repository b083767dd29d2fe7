"""The level of the year: followed by a large base, hardly by a small one, and always rising."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from training.models.purchases.cutoff_fit import CutoffFit
from training.models.purchases.level_calibration import LEVEL_HORIZONS, YEAR_AGO_DAYS, LevelCalibration
from training.models.purchases.seasonality import Seasonality


@pytest.fixture(scope="module")
def stretched(windows):
    """The stretch that a shop learns which is `copies` times the base, and bought `factor` as much as expected."""
    then = next(w for w in windows.earlier if w.day == windows.now.day - YEAR_AGO_DAYS)
    clock = Seasonality(windows.now.day)
    here, there = CutoffFit.of(windows.now, clock), CutoffFit.of(then, clock)
    rng = np.random.default_rng(5)

    def many(standpoint, rows):
        window = replace(standpoint.window, features=standpoint.window.features.iloc[rows])
        return replace(standpoint, window=window, rfm=standpoint.rfm.iloc[rows])

    def learn(copies, factor):
        rows = np.arange(int(copies * len(then.features))) % len(then.features)
        now_rows = np.arange(int(copies * len(windows.now.features))) % len(windows.now.features)
        before = many(there, rows)
        steps = rng.poisson(
            np.diff([factor * before.expected_purchases(s) for s in LEVEL_HORIZONS], axis=0, prepend=0.0)
        )
        came = dict(zip(LEVEL_HORIZONS, np.cumsum(steps, axis=0), strict=True))
        now = many(here, now_rows)
        stretch = LevelCalibration.fit(now, replace(before, window=replace(before.window, purchases=came)))
        return stretch, now.total_purchases(stretch.horizon(YEAR_AGO_DAYS))[0] / now.total_purchases(YEAR_AGO_DAYS)[0]

    return learn


@pytest.mark.parametrize("factor", [0.6, 1.0, 1.5])
def test_a_large_base_follows_last_year(stretched, factor):
    """A year that brought so much more than expected is expected to bring it again."""
    assert stretched(60, factor)[1] == pytest.approx(factor, rel=0.06)


def test_few_customers_hardly_move_it(stretched):
    """A few purchases more or less a year ago are chance, and taken for it."""
    assert stretched(0.1, 2.0)[1] == pytest.approx(1, abs=0.12)


def test_it_rises_with_the_horizon(stretched):
    """Also past the last step, where it goes on evenly."""
    stretch, _ = stretched(5, 1.3)
    taken = [stretch.horizon(span) for span in np.linspace(0, 1500, 300)]
    assert taken[0] == 0
    assert (np.diff(taken) >= 0).all()
    assert stretch.horizon(1100) - stretch.horizon(1000) == pytest.approx(100)


def test_without_a_year_ago_a_horizon_is_itself():
    """Nothing is stretched."""
    assert [LevelCalibration.identity().horizon(span) for span in (0, 0.5, 30, 1000)] == [0, 0.5, 30, 1000]


def test_a_year_in_which_nobody_bought_stops_nothing(stretched):
    """The total falls, and is above 0."""
    stretch, share = stretched(1, 0.0)
    assert 0 < share < 0.6
    assert np.isfinite(stretch.calibrated).all()
    assert isinstance(stretch.horizon(90), float)
    assert pd.notna(share)


def test_purchases_of_a_few_say_less(windows):
    """Twice the expected total moves the horizon less when a handful of customers made all of it."""
    year_ago = next(w for w in windows.earlier if w.day == windows.now.day - YEAR_AGO_DAYS)
    season = Seasonality(windows.now.day)
    current, then = CutoffFit.of(windows.now, season), CutoffFit.of(year_ago, season)
    totals = [round(2 * then.expected_purchases(days).sum()) for days in LEVEL_HORIZONS]
    customers = len(year_ago.features)

    def calibrated(buyers):
        counts = {
            days: np.bincount(np.arange(total) % buyers, minlength=customers)
            for days, total in zip(LEVEL_HORIZONS, totals, strict=True)
        }
        level = LevelCalibration.fit(current, replace(then, window=replace(then.window, purchases=counts)))
        return level.horizon(YEAR_AGO_DAYS) / YEAR_AGO_DAYS

    assert calibrated(customers) > 1.2
    assert 1 < calibrated(5) < 1.1
