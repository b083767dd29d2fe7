"""The forecasts of the baselines at a past date, learnt from what was known by then."""

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import pandas as pd

from features.as_of import AsOf
from features.errors import ModelError, TooLittleDataError
from features.loyalty.formula import Formula
from features.store.event_store import EventStore
from training.candidates import TrainingData, fit_model
from training.models.catalog import new_model
from training.models.count_intervals import at_cutoff
from training.models.forecaster import Forecaster, forecast
from training.models.window import Window
from training.settings import BASELINES
from training.windows import activity, window


def baseline_forecasts(
    store: EventStore, current: Window, horizon_days: int, formula: Formula, names: Sequence[str] = BASELINES
) -> dict[str, pd.DataFrame]:
    """Return the forecasts of models by name for a window's customers.

    They learn from the window, without its outcome, and from the latest earlier one that was over at its date. That is
    as long as the horizon, or half of the history where that is shorter. A model that needs an outcome is left out
    where there is no earlier window.
    """
    cutoff = AsOf.at_midnight(current.day, store.timezone)
    past = activity(store, cutoff)
    past_days = max(1, min(horizon_days, (current.day - past.first_day) // 2))
    before = window(store, AsOf.at_midnight(current.day - past_days, store.timezone), [past_days], cutoff)
    data = TrainingData(current, [before] if len(before.features) else [], past, horizon_days)
    at_start = at_cutoff(current.features, current.day)
    out: dict[str, pd.DataFrame] = {}
    for name in names:
        with suppress(TooLittleDataError):
            out[name] = _forecast(name, fit_model(name, new_model(name, formula), data), at_start, horizon_days)
    return out


def _forecast(name: str, model: Forecaster, features: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    expected, none = forecast(model, features, horizon_days, joint=False)
    if unusable := int((~np.isfinite(expected + none)).sum()):
        raise ModelError(
            f"the baseline {name} gives no finite forecast for {unusable:,} of {len(features):,} customers: "
            "mend it, or leave it out of [candidates] baselines"
        )
    return pd.DataFrame({"expected_purchases": expected, "churn_probability": none}, features.index)
