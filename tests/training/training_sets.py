"""What a model learns from, of simulated shops."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from features.as_of import AsOfLike, day_date
from features.store.event_store import EventStore
from training.models.count_intervals import count_forecast
from training.models.purchases.model import PurchaseModel
from training.models.purchases.training_set import TrainingSet
from training.models.window import Activity, Window
from training.settings import FitSettings
from training.windows import activity, midnight, window, window_plan


class TrainingWindows(NamedTuple):
    """The windows that a purchase model learns from, all as known at the day of `now`."""

    now: Window
    earlier: list[Window]
    past: Activity


def windows_at(
    store: EventStore, as_of: AsOfLike, reached: Sequence[int] = (), horizons: Sequence[int] = FitSettings().horizons
) -> TrainingWindows:
    """Return the windows of a cutoff; `now` has the outcome of the horizons `reached`, to try the model on."""
    cutoff = midnight(store, as_of)
    past = activity(store, cutoff)
    plan = window_plan(past.first_day, cutoff.day, horizons)
    earlier = [window(store, day_date(start), planned, cutoff) for start, planned in plan.items()]
    return TrainingWindows(window(store, cutoff, reached), earlier, past)


def fitted(windows: TrainingWindows, earlier: list[Window] | None = None, ridge: float | None = None) -> PurchaseModel:
    """The purchase model fitted to these windows, or to others before `now`."""
    training_set = TrainingSet.of(windows.now, windows.earlier if earlier is None else earlier, windows.past)
    return PurchaseModel(ridge).fit(windows.now.features, training_set=training_set)


def table(model: PurchaseModel, features: pd.DataFrame, day: int, horizon_days: int) -> pd.DataFrame:
    """The model's forecasts with their intervals."""
    return count_forecast(model, features, day, horizon_days, model.intervals_)
