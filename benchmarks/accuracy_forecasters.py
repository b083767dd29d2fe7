"""The forecasters of `benchmarks.accuracy`: each learns from what was known at a date, with the same settings for all.

A forecaster is a function of the store, the window at the date (whose outcome it does not read) and the horizons. It
returns by horizon a table of `expected_purchases`, `churn_probability`, `low` and `high` for the window's customers.
"""

from collections.abc import Callable, Sequence
from importlib.util import find_spec

import numpy as np
import pandas as pd

from features.as_of import AsOf
from features.loyalty.formula import load_formula
from features.loyalty.scoring import drop_unpriced_parts
from features.store.event_store import EventStore
from training.candidates import TrainingData, fit_model
from training.fit import fit_customer_model
from training.models.catalog import new_model
from training.models.count_intervals import CountIntervals, at_cutoff
from training.models.forecaster import forecast
from training.models.window import Window
from training.windows import activity, window

Forecasts = dict[int, pd.DataFrame]
ForecastFunction = Callable[[EventStore, Window, Sequence[int]], Forecasts]
COLUMNS = ["expected_purchases", "churn_probability", "low", "high"]
BUY_TILL_YOU_DIE = ("bg_nbd", "mbg_nbd", "pareto_nbd")
BASELINES = (*BUY_TILL_YOU_DIE, "own_rate", "days_since_last_purchase", "rule")
NETWORK = "recurrent_network"


def ours(store: EventStore, current: Window, horizons: Sequence[int], model: str = "standard") -> Forecasts:
    """Return the forecasts of the model that `regulars fit` would fit at the date, one fit for all horizons."""
    cutoff = AsOf.at_midnight(current.day, store.timezone)
    fitted = fit_customer_model(store, cutoff, load_formula(), model=model)
    return {days: fitted.predict(current.features, current.day, days)[COLUMNS] for days in horizons}


def baseline(name: str, store: EventStore, current: Window, horizons: Sequence[int]) -> Forecasts:
    """Return the forecasts of a model of `MODELS` as a backtest makes them for its baselines.

    It learns from the window and from the latest earlier one that was over, as long as the horizon or half of the
    history. Its intervals are the hurdle distribution's, their dispersion learnt from that earlier window.
    """
    cutoff = AsOf.at_midnight(current.day, store.timezone)
    past = activity(store, cutoff)
    formula = drop_unpriced_parts(store, load_formula(), cutoff)
    features = at_cutoff(current.features, current.day)
    forecasts = {}
    for days in horizons:
        past_days = max(1, min(days, (current.day - past.first_day) // 2))
        before = window(store, AsOf.at_midnight(current.day - past_days, store.timezone), [past_days], cutoff)
        earlier = [before] if len(before.features) else []
        model = fit_model(name, new_model(name, formula), TrainingData(current, earlier, past, days))
        expected, none = forecast(model, features, days, joint=False)
        intervals = CountIntervals.fit(model, earlier)
        low, high = intervals.interval(np.maximum(expected, 1 - none), none, days)
        forecasts[days] = pd.DataFrame(dict(zip(COLUMNS, (expected, none, low, high), strict=True)), features.index)
    return forecasts


def network(store: EventStore, current: Window, horizons: Sequence[int]) -> Forecasts:
    """Return the forecasts of a recurrent network on weekly counts; needs PyTorch."""
    from benchmarks.accuracy_network import network_forecasts

    return network_forecasts(store, current, horizons)


def forecasters(model: str = "standard") -> dict[str, ForecastFunction]:
    """Return the forecasters by name; without the network where PyTorch is not installed.

    Parameters
    ----------
    model : str
        The name in `MODELS` of our own model.
    """

    def of_baseline(name: str) -> ForecastFunction:
        return lambda store, current, horizons: baseline(name, store, current, horizons)

    chosen: dict[str, ForecastFunction] = {
        "ours": lambda store, current, horizons: ours(store, current, horizons, model),
        **{name: of_baseline(name) for name in BASELINES},
    }
    return chosen | ({NETWORK: network} if find_spec("torch") else {})
