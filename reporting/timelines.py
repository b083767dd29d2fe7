"""What happened to each customer: their events day by day, and the score over time."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf
from features.engines.feature_table import feature_chunks
from features.loyalty.formula import Formula
from features.loyalty.scoring import score
from features.schema import WORDS
from features.store.event_store import EventStore
from features.store.layout import ABSENT, CODED_WORDS

STEP_DAYS, STEPS = 30, 12
"""The score is that of a year: every 30 days up to the cutoff."""
EVENT_COLUMNS = ("position", "day", "kind", "cents", "channel", "outcome", "satisfaction")


@dataclass(frozen=True)
class Timelines:
    """The history of the compared customers.

    Attributes
    ----------
    scores : pandas.DataFrame
        Indexed by `customer_id`, one column for each date (ISO, ascending, the last is the cutoff): the loyalty score
        by the rule of the report; NaN without one.
    events : pandas.DataFrame
        Sorted by `position`, the place of the customer in `scores`, and day: `day` (counted from 1970-01-01, up to the
        end of the horizon), `kind` and the other coded columns of the store, with `cents` summed over the purchases
        (or returns) of a day.
    """

    scores: pd.DataFrame = field(default_factory=pd.DataFrame)
    events: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(EVENT_COLUMNS)))


def timelines(store: EventStore, customers: pd.Index, cutoff: AsOf, horizon_days: int, formula: Formula) -> Timelines:
    """Return the events and the scores of some customers.

    Parameters
    ----------
    store : EventStore
    customers : pandas.Index of str
        Their ids.
    cutoff : AsOf
        The date of the report.
    horizon_days : int
        Days of the outcome after it.
    formula : Formula
        The rule.
    """
    days = [cutoff.day - STEP_DAYS * step for step in range(STEPS, -1, -1)]
    dates = {AsOf.at_midnight(day, store.timezone).date.isoformat(): day for day in days}
    scores: dict[str, list[pd.Series]] = {date: [] for date in dates}
    for at, features in feature_chunks(store, [AsOf.at_midnight(day, store.timezone) for day in days]):
        if len(features):
            scores[str(at.date)].append(score(features, formula)["loyalty_score"])
    columns = {
        date: (pd.concat(found) if found else pd.Series(dtype=float)).reindex(customers)
        for date, found in scores.items()
    }
    return Timelines(pd.DataFrame(columns, index=customers), _events(store, customers, cutoff.day + horizon_days))


def event_words(events: pd.DataFrame) -> list[list[str]]:
    """Return for each event its words, such as `phone` and `ordered` of a visit; those that it has."""
    names = [WORDS.types[kind] for kind in events["kind"]]
    rows = zip(names, events["channel"], events["outcome"], strict=True)
    return [
        [*_word("channel", name, int(channel)), *_word("outcome", name, int(outcome))]
        for name, channel, outcome in rows
    ]


def _word(column: str, event_type: str, code: int) -> list[str]:
    return [] if code == ABSENT[column] else [CODED_WORDS[column][event_type][code]]


def _events(store: EventStore, customers: pd.Index, end_day: int) -> pd.DataFrame:
    places = pd.Series(np.arange(len(customers)), customers)
    tables = []
    for members, part in store.buckets:
        position = places.reindex(store.customer_ids.take(members).to_pylist()).fillna(-1).to_numpy(np.int64)
        tables.append(_of_part(part, np.repeat(position, np.diff(part.offsets)), end_day))
    events = pd.concat(tables, ignore_index=True)
    by_day = events.groupby([name for name in EVENT_COLUMNS if name != "cents"], sort=True, as_index=False)
    summed = pd.DataFrame(by_day["cents"].sum(min_count=1))
    return summed[list(EVENT_COLUMNS)].sort_values(["position", "day"], kind="stable")


def _of_part(part: EventStore, position: NDArray[np.int64], end_day: int) -> pd.DataFrame:
    columns = part.columns
    shown = (position >= 0) & (columns["day"] < end_day)
    if part.recorded:
        shown &= columns["known_until"] == ABSENT["known_until"]
    table = pd.DataFrame({name: columns[name][shown] for name in EVENT_COLUMNS if name != "position"})
    table["cents"] = table["cents"].astype(float).where(table["cents"] != ABSENT["cents"])
    return table.assign(position=position[shown])
