"""The training set: the season of the cutoff for all, every ended horizon once, and last year's level apart."""

import numpy as np
import pytest

from training.models.purchases.level_calibration import LEVEL_HORIZONS, YEAR_AGO_DAYS, LevelCalibration
from training.models.purchases.training_set import TrainingSet


@pytest.fixture(scope="module")
def training_set(windows):
    return TrainingSet.of(*windows)


def test_every_cutoff_is_seen_in_one_season(training_set, windows):
    """That of the current cutoff; the log begins where its activity does."""
    assert all(fit.seasonality is training_set.current.seasonality for fit, _ in training_set.past)
    assert training_set.first_day == windows.past.first_day
    assert training_set.current.window is windows.now


def test_every_ended_horizon_is_learnt_from_once(training_set, windows):
    """Except the steps of the window a year ago, which give the level."""
    expected = [
        (window.day, days)
        for window in windows.earlier
        for days in sorted(window.purchases)
        if window.day != windows.now.day - YEAR_AGO_DAYS or days not in LEVEL_HORIZONS
    ]
    assert [(fit.window.day, days) for fit, days in training_set.past] == expected
    assert len(expected) > 3


def test_a_cutoff_is_fitted_once_for_all_its_horizons(training_set):
    """The horizons of a window share its fit."""
    fits = {}
    for fit, _ in training_set.past:
        assert fits.setdefault(fit.window.day, fit) is fit


def test_the_level_needs_a_window_a_year_ago(training_set, windows):
    """Without it the level is the identity."""
    others = [window for window in windows.earlier if window.day != windows.now.day - YEAR_AGO_DAYS]
    without = TrainingSet.of(windows.now, others, windows.past).level
    np.testing.assert_array_equal(without.horizons, LevelCalibration.identity().horizons)
    assert len(training_set.level.horizons) == len(LEVEL_HORIZONS) + 1


def test_the_rows_are_gathered_once(training_set, windows):
    """All candidates learn from the same arrays; without earlier windows there are none."""
    assert training_set.rows is training_set.rows
    assert TrainingSet.of(windows.now, [], windows.past).rows is None
