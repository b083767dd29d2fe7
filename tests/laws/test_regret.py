"""How far the forecasts are from the best there could be: the truth's own expectation of each simulated customer."""

import pandas as pd
import pytest

from benchmarks.regret import WORLDS, regrets

SIZES = {60: 8, 300: 5, 2000: 2}
"""Customers, and how many shops of so many."""


@pytest.mark.proof
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("world", WORLDS)
def test_regret_shrinks_with_customers(world):
    """Nearer to the truth the more customers there are, and in small shops too hardly behind the best of the peers.

    In the plain world one of these is the truth; in the busy one, with seasons, none of them comes near with many
    customers. What remains is what no log can tell: who has left already, and who each customer is.
    """
    mean = {size: sum(regrets(world, size, seed) for seed in range(shops)) / shops for size, shops in SIZES.items()}
    table = pd.concat(mean, names=["customers", "forecast"])
    ours = table.xs("model", level="forecast")
    assert ours["deviance"].loc[2000] < ours["deviance"].loc[300] < ours["deviance"].loc[60]
    assert ours["log_loss"].loc[2000] < ours["log_loss"].loc[60]
    for size in SIZES:
        peers = table.loc[size].drop(index=["model", "told"], errors="ignore")
        assert ours.loc[size, "deviance"] < 1.02 * peers["deviance"].min()
        assert ours.loc[size, "log_loss"] < 1.05 * peers["log_loss"].min()
    if world == "busy":
        assert (ours.loc[2000] < table.loc[2000].drop(index="model").min()).all()
