"""How far the forecasts are from the best there could be: the truth's own expectation of each simulated customer."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.simulate import Truth, expected_in, simulate
from tests.training.lessons import lesson
from tests.training.logs import START, stored
from training.models.bg_nbd import BGNBD
from training.models.count_model import CountModel
from training.models.mbg_nbd import MBGNBD
from training.models.pareto_nbd import ParetoNBD

DAYS = 180
WORLDS = {
    "plain": (Truth.plain("bg", start=START, days=720, acquisition_days=480), START + timedelta(540)),
    "busy": (Truth(start=START, days=1080, acquisition_days=800).without_effects(), START + timedelta(900)),
}
PEERS = {"bg_nbd": BGNBD, "mbg_nbd": MBGNBD, "pareto_nbd": ParetoNBD}
SIZES = {60: 8, 300: 5, 2000: 2}
"""Customers, and how many shops of so many."""


def regret(truth: pd.DataFrame, expected: np.ndarray, none: np.ndarray) -> pd.Series:
    """Mean deviance and log loss, expected of outcomes drawn from the truth, less what the truth itself would lose."""
    mean, gone = truth["expected_purchases"].to_numpy(), truth["churn_probability"].to_numpy()
    expected = np.maximum(expected, 1e-9)
    some = np.where(mean > 0, mean, 1.0)
    deviance = 2 * (mean * np.log(some / expected) - mean + expected)
    p, q = np.clip(gone, 1e-12, 1 - 1e-12), np.clip(none, 1e-6, 1 - 1e-6)
    loss = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    return pd.Series({"deviance": deviance.mean(), "log_loss": loss.mean()})


def regrets(world: str, customers: int, seed: int, folder: Path) -> pd.DataFrame:
    """The regret of the count model and of every peer in one shop."""
    truth, as_of = WORLDS[world]
    log, people = simulate(truth, customers, seed, block=customers)
    shop = lesson(stored(log, folder), as_of)
    X = shop.now.features
    best = expected_in(people, truth, as_of, DAYS).reindex(X.index)
    forecast = CountModel().fit(*shop).predict(X, shop.now.day, DAYS)
    found = {"model": regret(best, forecast["expected_purchases"].to_numpy(), forecast["churn_probability"].to_numpy())}
    for name, kind in PEERS.items():
        peer = kind().fit(X)
        found[name] = regret(best, peer.expected_purchases(X, DAYS), peer.probability_none(X, DAYS))
    return pd.DataFrame(found).T


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_regret_shrinks_with_customers(tmp_path, world):
    """Nearer to the truth the more customers there are, and in small shops too hardly behind the best of the peers.

    In the plain world one of these is the truth; in the busy one, with seasons, none of them comes near with many
    customers. What remains is what no log can tell: who has left already, and who each customer is.
    """
    mean = {
        size: sum(regrets(world, size, seed, tmp_path / f"{size}-{seed}") for seed in range(shops)) / shops
        for size, shops in SIZES.items()
    }
    table = pd.concat(mean, names=["customers", "forecast"])
    ours = table.xs("model", level="forecast")
    assert ours["deviance"].loc[2000] < ours["deviance"].loc[300] < ours["deviance"].loc[60]
    assert ours["log_loss"].loc[2000] < ours["log_loss"].loc[60]
    for size in SIZES:
        peers = table.loc[size].drop(index="model")
        assert ours.loc[size, "deviance"] < 1.02 * peers["deviance"].min()
        assert ours.loc[size, "log_loss"] < 1.05 * peers["log_loss"].min()
    if world == "busy":
        assert (ours.loc[2000] < table.loc[2000].drop(index="model").min()).all()
