"""The weekly model: forecasts that follow the sequence, and none from too little."""

import numpy as np

from training.models.purchases.weekly_history import WeeklyCounts
from training.models.purchases.weekly_model import weekly_forecast

WEEKS = 40


def weekly(counts):
    return WeeklyCounts(counts.astype(float), np.zeros(len(counts), int))


def runs(customers, seed):
    """Customers who buy about thrice a week in one state and never in another, and change it every tenth week."""
    rng = np.random.default_rng(seed)
    switches = rng.random((customers, WEEKS + 13)) < 0.1
    buying = (rng.integers(0, 2, (customers, 1)) + np.cumsum(switches, axis=1)) % 2 == 1
    return np.minimum(rng.poisson(3, buying.shape), 7) * buying


def test_the_state_of_the_last_weeks_is_forecast():
    """Within the noise of what came: the busy and the quiet of equal rates are told apart."""
    counts = runs(1_500, 0)
    forecast = weekly_forecast(weekly(counts[:, :WEEKS]), 1.0, 1.0)
    busy = counts[:, WEEKS - 1] > 0
    for group in (busy, ~busy):
        came = counts[group, WEEKS : WEEKS + 4].sum(axis=1)
        assert abs(forecast.count[group].mean() - came.mean()) < 4 * came.std() / np.sqrt(group.sum())
        none = (counts[group, WEEKS:].sum(axis=1) == 0).mean()
        assert abs(np.exp(-forecast.hazard[group]).mean() - none) < 0.06


def test_too_little_gives_no_forecast():
    """Few weeks, few purchases, and nobody who does not buy."""
    counts = runs(300, 1)
    for few in (counts[:, :10], counts[:4], np.zeros((300, WEEKS)), np.ones((300, WEEKS))):
        assert weekly_forecast(weekly(few), 1.0, 1.0) is None
