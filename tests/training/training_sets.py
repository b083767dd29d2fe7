"""What a model learns from, of simulated shops."""

from collections.abc import Sequence
from typing import NamedTuple

from features.as_of import AsOfLike, day_date
from features.store.event_store import EventStore
from training.models.window import Activity, Window
from training.settings import FitSettings
from training.windows import activity, midnight, window, window_plan


class TrainingWindows(NamedTuple):
    """The windows that `PurchaseModel.fit` takes, all as known at the day of `now`."""

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
