"""What a model learns from, of simulated shops."""

from collections.abc import Sequence
from typing import NamedTuple

from features.as_of import AsOf, AsOfLike, day_date
from features.store.event_store import EventStore
from training.fit import HORIZONS
from training.models.window import Activity, Window
from training.windows import activity, window, window_plan


class TrainingWindows(NamedTuple):
    """The windows that `PurchaseModel.fit` takes, all as known at the day of `now`."""

    now: Window
    earlier: list[Window]
    past: Activity


def windows_at(
    store: EventStore, as_of: AsOfLike, reached: Sequence[int] = (), horizons: Sequence[int] = HORIZONS
) -> TrainingWindows:
    """Return the windows of a cutoff; `now` has the outcome of the horizons `reached`, to try the model on."""
    day = AsOf.parse(as_of, store.timezone).day
    past = activity(store, day)
    plan = window_plan(past.first_day, day, horizons)
    earlier = [window(store, start, reach, day_date(day)) for start, reach in plan.items()]
    return TrainingWindows(window(store, day, reached), earlier, past)
