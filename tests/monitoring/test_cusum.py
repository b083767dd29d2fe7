"""The CUSUM keeps its budget where nothing changed, and finds a change soon."""

import numpy as np
import pytest

from monitoring.cusum import LAST, LOOKS, cusum, simulated_threshold, spread_of, sums
from monitoring.weekly_forecasts import reference_weights


@pytest.mark.parametrize("references", [26, 52])
def test_the_threshold_keeps_the_budget(references: int) -> None:
    """Of 2,000 new runs of two years at most 7 % exceed it (budget 5 %, and the error of both draws)."""
    averages, _ = reference_weights(references, LOOKS)
    threshold = simulated_threshold(references, averages, 0.3, 0.05, seed=1)
    rng = np.random.default_rng(2)
    usual = rng.standard_normal((2_000, references))
    up, down = sums(rng.standard_normal((2_000, LOOKS)) - usual @ averages.T, 0.3)
    alarms = (np.maximum(up, down).max(axis=1) > threshold * spread_of(usual)).mean()
    assert 0.03 < alarms < 0.07


def test_a_change_is_found_and_its_beginning_named() -> None:
    """Upwards as well as downwards; without one there is no alarm."""
    rng = np.random.default_rng(3)
    quiet = 0.1 * rng.standard_normal(40)
    for change in (-0.5, 0.5):
        values = quiet + np.where(np.arange(40) >= 30, change, 0)
        found = cusum(values, 0.05, 0.8)
        assert found.alarm
        assert found.first is not None
        assert 30 <= found.first <= 34
        assert found.since is not None
        assert 26 <= found.since <= 31
    assert not cusum(quiet, 0.05, 0.8).alarm


def test_an_alarm_that_is_over_is_none() -> None:
    """The sums fall back when the values do; what was found first is still told."""
    values = np.concatenate([np.full(5, 0.5), np.full(30, -0.05)])
    found = cusum(values, 0.05, 1.0)
    assert not found.alarm
    assert found.first == 2
    assert cusum(np.empty(0), 0.05, 1.0).alarm is False


def test_an_alarm_ends_some_looks_after_the_change_however_long_that_was() -> None:
    """A year of it, then it is mended: four looks as usual are enough."""
    values = np.concatenate([np.full(52, -0.5), np.zeros(LAST)])
    assert cusum(values[:-1], 0.1, 1.0).alarm
    assert not cusum(values, 0.1, 1.0).alarm


def test_the_spread_of_a_level_and_a_trend_is_that_of_the_noise() -> None:
    """A season that the model misses does not widen it."""
    noise = np.random.default_rng(4).standard_normal(5_000)
    wave = 3 * np.sin(np.arange(5_000) / 52)
    assert spread_of(noise + wave) == pytest.approx(1, abs=0.05)


def test_of_several_series_all_have_to_differ_in_one_direction() -> None:
    """Else there is no alarm; with one series, or equal ones, nothing else is found."""
    values = np.full(20, 0.3)
    alone, both = cusum(values, 0.05, 1.0), cusum(np.stack([values, values]), 0.05, 1.0)
    assert (alone.alarm, alone.first, alone.since) == (both.alarm, both.first, both.since) == (True, 4, 0)
    for other in (np.zeros(20), -values):
        assert cusum(np.stack([values, other]), 0.05, 1.0).first is None
