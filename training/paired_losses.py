"""The loss of each forecast on the same customers, and the challenger's improvement over another forecast."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.evaluation.evaluation import customer_losses
from training.evaluation.intervals import bootstrap
from training.models.bundle import CHALLENGER

MEASURES = ("deviance", "log_loss")
INFINITE_RATIO = 1e9
"""The ratio of any loss to a loss of 0, finite so that means over draws stay finite."""


def paired_losses(
    window: str, horizon_days: int, purchases: pd.Series, forecasts: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """Return the losses of each customer in one window and horizon; concatenate those of several for the gate.

    Parameters
    ----------
    window : str
        ISO date of the window.
    horizon_days : int
    purchases : pandas.Series of int
        Purchase occasions in the horizon, indexed by `customer_id`.
    forecasts : mapping of str to pandas.DataFrame
        Forecasts of the `challenger`, the `champion` (left out when there is none) and each baseline, made from nothing
        later than the window's date.

    Returns
    -------
    pandas.DataFrame
        Indexed by customer: `window`, `horizon` (days), `churned`, `churn_probability` (the challenger's), and for each
        forecast NAME `deviance_NAME` and `log_loss_NAME`, what this customer adds to the mean.
    """
    columns: dict[str, object] = {
        "window": window,
        "horizon": horizon_days,
        "churned": purchases.to_numpy() == 0,
        "churn_probability": forecasts[CHALLENGER]["churn_probability"].to_numpy(),
    }
    for name, forecast in forecasts.items():
        losses = customer_losses(purchases, forecast)
        columns |= {f"{measure}_{name}": losses[measure].to_numpy() for measure in MEASURES}
    return pd.DataFrame(columns, index=purchases.index)


def paired_loss_differences(paired: pd.DataFrame, others: Sequence[str], draws: int, seed: int) -> pd.DataFrame:
    """Return the challenger's mean loss less the other's, as a share of the other's, averaged over the horizons.

    The average of shares keeps long horizons from outweighing short ones. The interval is a paired bootstrap over
    customers, each with all their windows and horizons, because a customer's rows are alike.

    Returns
    -------
    pandas.DataFrame
        Indexed by `other` and `measure`: `difference`, and `low` and `high` of its 95 % interval. Below 0 the
        challenger is better.
    """
    keys = [(other, measure) for other in others for measure in MEASURES if f"{measure}_{other}" in paired]
    names = sorted({f"{measure}_{name}" for other, measure in keys for name in (other, CHALLENGER)})
    # One row a customer, its losses summed at each horizon: all that a draw of customers needs.
    sums = paired.groupby([paired.index, "horizon"])[names].sum().unstack(fill_value=0.0)
    values = sums.to_numpy().reshape(len(sums), len(names), -1)
    pairs = [(names.index(f"{measure}_{CHALLENGER}"), names.index(f"{measure}_{other}")) for other, measure in keys]

    def shares(weights: NDArray[np.int64]) -> dict[tuple[str, str], float]:
        total = np.tensordot(weights, values, 1)
        own, other = (total[list(side)] for side in zip(*pairs, strict=True))
        ratios = np.divide(own, other, out=np.full_like(own, INFINITE_RATIO), where=other > 0)
        return dict(zip(keys, (ratios.mean(axis=1) - 1).tolist(), strict=True))

    def drawn(rows: NDArray[np.int64]) -> dict[tuple[str, str], float]:
        return shares(np.bincount(rows, minlength=len(sums)))

    known = shares(np.ones(len(sums), np.int64))
    bounds = bootstrap(drawn, len(sums), draws, seed)
    index = pd.MultiIndex.from_tuples(keys, names=["other", "measure"])
    return pd.DataFrame({"difference": list(known.values())}, index).join(bounds.set_axis(index))
