"""Intervals hold at all looks together: over null runs they hardly ever leave the truth, and an effect is found."""

import math

import numpy as np
import pytest

from monitoring.confidence_sequence import groups_interval, mean_interval

RUNS, LOOKS = 1_000, 52


def left(values: np.ndarray) -> bool:
    """Whether 0 was outside at any look."""
    return any(low > 0 or high < 0 for low, high in (mean_interval(values[: look + 1]) for look in range(LOOKS)))


@pytest.mark.parametrize("overlap", [0.0, 0.27])
def test_null_runs_hardly_ever_leave_zero(overlap: float) -> None:
    """In 52 weekly looks at most 5 % of 1,000 runs, also where a quarter of a week's chance is that of the next."""
    draws = np.random.default_rng(1).standard_normal((RUNS, LOOKS + 1))
    values = draws[:, 1:] + overlap * draws[:, :-1]
    assert np.mean([left(run) for run in values]) <= 0.05


def test_fixed_intervals_leave_it_often() -> None:
    """The test can fail: with the interval of one look, looked at every week, a third of the runs do."""
    draws = np.random.default_rng(1).standard_normal((200, LOOKS))
    n = np.arange(1, LOOKS + 1)
    mean = np.cumsum(draws, axis=1) / n
    assert np.mean((np.abs(mean) > 1.96 / np.sqrt(n)).any(axis=1)) > 0.3


@pytest.mark.parametrize(("effect", "looks"), [(1.0, 17), (2.0, 8), (3.0, 6)])
def test_an_effect_is_found(effect: float, looks: int) -> None:
    """Half of the runs know the side after so many weeks; the effect is in standard deviations of a week."""
    draws = np.random.default_rng(2).standard_normal((200, looks)) - effect
    assert np.mean([mean_interval(run)[1] < 0 for run in draws]) > 0.5


def test_it_has_the_unit_of_its_values() -> None:
    """Shifted and scaled with them; of equal values it is a point, of too few unknown."""
    values = np.random.default_rng(3).standard_normal(10)
    low, high = mean_interval(values)
    assert mean_interval(5 * values + 2) == pytest.approx((5 * low + 2, 5 * high + 2))
    assert mean_interval(np.full(5, 1.5)) == (1.5, 1.5)
    assert mean_interval(np.array([1.0])) == (-math.inf, math.inf)


def test_groups_that_differ_by_chance_alone_are_seldom_told_apart() -> None:
    """Customers keep their own level at every look: 60 customers against 540, looked at as they double."""
    rng = np.random.default_rng(4)
    told = 0
    for _ in range(RUNS):
        level = rng.gamma(1, 1, 600)
        means = np.cumsum(rng.poisson(level, (LOOKS, 600)), axis=0) / np.arange(1, LOOKS + 1)[:, None]
        bounds = [groups_interval(means[look, :60], means[look, 60:], look + 1) for look in (0, 1, 3, 7, 15, 31)]
        told += any(low > 0 or high < 0 for low, high in bounds)
    assert told / RUNS <= 0.05
    low, high = groups_interval(rng.normal(1, 1, 500), rng.normal(0, 1, 5_000), 10)
    assert 0 < low < 1 < high
    assert groups_interval(np.ones(1), np.ones(9), 1) == (-math.inf, math.inf)
