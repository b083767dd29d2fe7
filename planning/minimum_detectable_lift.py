"""What a plan will be able to show, said before it: the smallest lift of purchases that its hold-out can find."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.errors import PlanError
from features.store.event_store import EventStore
from planning.causal_inference.power import minimum_detectable_effect
from planning.options.forecasts import fitted_forecasts
from training.targets import targets

FEWEST = 50
"""Customers of the past window below which its spread says nothing."""


@dataclass(frozen=True)
class Spread:
    """How far purchases lie from a forecast made before the horizon.

    Attributes
    ----------
    deviation : float
        Their standard deviation, for a customer who is expected to buy `mean` times.
    mean : float
    measured : bool
        Whether it was measured on the last horizon that is over, or is that of a Poisson process.
    """

    deviation: float
    mean: float
    measured: bool


def spread_of(store: EventStore, cutoff: AsOf, horizon_days: int, expected: pd.Series) -> Spread:
    """Measure the spread on customers like those chosen, in the horizon before the cutoff.

    Parameters
    ----------
    store : EventStore
    cutoff : AsOf
    horizon_days : int
    expected : Series of float, shape (n_chosen,)
        Expected purchases of the chosen customers in the plan's horizon.

    Returns
    -------
    Spread
        Of the customers whose forecast one horizon earlier lay within the middle nine tenths of those of the chosen.
    """
    mean = float(expected.mean())
    poisson = Spread(math.sqrt(mean), mean, False)
    start = AsOf.at_midnight(cutoff.day - horizon_days, store.timezone)
    try:
        features = feature_table(store, start)
        forecast = fitted_forecasts(features, horizon_days).table["expected_purchases"].dropna()
    except PlanError:
        return poisson
    low, high = expected.quantile([0.05, 0.95])
    alike = forecast[(forecast >= low) & (forecast <= high)]
    outcomes = targets(store, start, [horizon_days], known_at=cutoff)
    if len(alike) < FEWEST or f"purchases_{horizon_days}" not in outcomes:
        return poisson
    bought = outcomes[f"purchases_{horizon_days}"].reindex(alike.index).to_numpy(float)
    x = alike.to_numpy(float) - float(alike.mean())
    slope = float(x @ bought / (x @ x)) if x.any() else 0.0
    residuals = bought - bought.mean() - slope * x
    # Counts spread with their mean: carried over from the mean of these customers to that of the chosen.
    scale = mean / max(float(alike.mean()), 1e-9)
    deviation = float(np.sqrt(np.mean(residuals**2) * max(scale, 0.0)))
    return Spread(max(deviation, 1e-9), mean, True)


def minimum_detectable_lift(spread: Spread, n_treated: int, n_control: int) -> float | None:
    """Return the smallest relative change of purchases that shows with 80 % power at the 5 % level.

    Returns
    -------
    float or None
        A share of what the customers buy anyway; None where nothing can be compared.
    """
    if spread.mean <= 0:
        return None
    effect = minimum_detectable_effect(spread.deviation, n_treated, n_control, mean=spread.mean)
    return effect / spread.mean if math.isfinite(effect) else None
