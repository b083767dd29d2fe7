"""The intake: events a day by type, missing values, amounts and lateness, against the same weekdays before.

Lost events show here at once, and hardly at all in the columns of customers: a state changes little when a tenth of the
purchases of a quarter is missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from features.as_of import AsOf
from features.schema import EVENT_TYPES
from features.store.event_store import EventStore
from features.store.layout import ABSENT, CODED_WORDS
from features.timezones import DAY
from monitoring.own_amounts import own_amounts

Floats = NDArray[np.float64]

WEEKS = 12
"""How many weeks before the last one say what is usual."""
LEAST_EVENTS = 20
"""Fewer events in the median of the usual weeks say nothing."""
LEAST_A_DAY = 5
OPTIONAL = ("cents", "channel", "goal", "outcome", "satisfaction", "loyalty")


@dataclass(frozen=True)
class Intake:
    """What came in during the last week beside the weeks before.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a figure: `what` (`events`, `events on DATE`, `missing COLUMN`, `amount`, `days late`,
        and `OWN_AMOUNT`, of 28 days: see `own_amounts`), `event_type`,
        `usual` (the mean of the weeks before), `last` (that of the last week), `p_value` (two-sided), `alarm`.
        `events` are counts, `missing` shares, amounts geometric means in currency, lateness a mean in days.
    budget : float
        The chance of any alarm where nothing changed, over all rows.
    """

    table: pd.DataFrame
    budget: float

    @property
    def alarms(self) -> pd.DataFrame:
        """The rows that changed, those with the smallest p-value first."""
        return self.table[self.table["alarm"]].sort_values("p_value", kind="stable")


def intake(store: EventStore, as_of: AsOf, budget: float = 0.05) -> Intake:
    """Compare the week before a cutoff with the weeks before it.

    Each figure is compared with those of `WEEKS` earlier weeks, single days with the same weekday, by a prediction
    interval of Student's t on the scale on which it is about normal: square roots of counts, logarithms of amounts,
    log odds of shares. The chance of a false alarm is divided among all figures (Bonferroni).

    Parameters
    ----------
    store : EventStore
    as_of : AsOf
        Only what was known then counts.
    budget : float

    Returns
    -------
    Intake
        Without rows where the log has fewer weeks.

    Notes
    -----
    A season or a holiday that the weeks before did not have is a change too: the words of an alarm say what changed,
    not that it is a fault.
    """
    rows: list[dict[str, object]] = []
    events = _events(store, as_of)
    weeks = (as_of.day - 1 - events["day"]) // 7  # 0: the last seven days
    if len(events) and weeks.max() >= WEEKS:
        for kind, name in enumerate(EVENT_TYPES):
            own = events[events["kind"] == kind]
            if len(own):
                rows += _of_type(name, kind, own, as_of)
        rows += _lateness(events, as_of)
        amounts = own_amounts(store, as_of)
        rows += [] if amounts is None else [amounts]
    table = pd.DataFrame(rows, columns=["what", "event_type", "usual", "last", "p_value"])
    return Intake(table.assign(alarm=table["p_value"] < budget / max(1, len(table))), budget)


def _events(store: EventStore, as_of: AsOf) -> pd.DataFrame:
    """Return the events of the weeks that are compared, as known at the cutoff."""
    first = as_of.day - 7 * (WEEKS + 1) - 1
    parts = []
    for _, part in store.buckets:
        rows = np.flatnonzero(part.known_events(as_of) & (part.columns["day"] >= first))
        names = ["day", "kind", "time", *OPTIONAL, *(["known_from"] if part.recorded else [])]
        parts.append(pd.DataFrame({name: np.asarray(part.columns[name][rows]) for name in names}))
    return pd.concat(parts, ignore_index=True)


def _of_type(name: str, kind: int, events: pd.DataFrame, as_of: AsOf) -> Iterator[dict[str, object]]:
    age = (as_of.day - 1 - events["day"]).to_numpy(np.int64)
    by_day = np.bincount(age[age < 7 * (WEEKS + 1)], minlength=7 * (WEEKS + 1)).reshape(-1, 7)
    by_week = by_day.sum(axis=1).astype(float)
    if np.median(by_week[1:]) < LEAST_EVENTS:
        return
    yield _row("events", name, by_week, np.sqrt(by_week + 0.375))
    for at in range(7):
        own = by_day[:, at].astype(float)
        if np.median(own[1:]) >= LEAST_A_DAY:
            date = AsOf.at_midnight(as_of.day - 1 - at, "UTC").date
            yield _row(f"events on {date}", name, own, np.sqrt(own + 0.375))
    week = age // 7
    inside = week <= WEEKS
    for column in OPTIONAL:
        absent = (events[column] == ABSENT[column]).to_numpy()[inside]
        if absent.all() or (column in CODED_WORDS and name not in CODED_WORDS[column]):
            continue
        missing = np.bincount(week[inside], absent, minlength=WEEKS + 1)
        yield _row(
            f"missing {'amount' if column == 'cents' else column}",
            name,
            missing / np.maximum(by_week, 1),
            # where nothing is ever missing the log odds would follow the number of events
            np.log((missing + 0.5) / (by_week - missing + 0.5)) if missing.any() else np.zeros(WEEKS + 1),
        )
    priced = inside & (events["cents"] > 0).to_numpy()
    if priced.any():
        logs = np.log(events["cents"].to_numpy(float)[priced] / 100)
        count = np.bincount(week[priced], minlength=WEEKS + 1)
        means = np.bincount(week[priced], logs, minlength=WEEKS + 1) / np.maximum(count, 1)
        if count.min() > 0:
            yield _row("amount", name, np.exp(means), means)


def _lateness(events: pd.DataFrame, as_of: AsOf) -> Iterator[dict[str, object]]:
    if "known_from" not in events:
        return
    recorded = events[events["known_from"] != ABSENT["known_from"]]
    week = ((as_of.time - recorded["known_from"].to_numpy()) // (7 * DAY)).astype(np.int64)
    late = np.maximum(recorded["known_from"].to_numpy() - recorded["time"].to_numpy(), 0) / DAY
    inside = (week >= 0) & (week <= WEEKS)
    count = np.bincount(week[inside], minlength=WEEKS + 1)
    if np.median(count) >= LEAST_EVENTS and count.min() > 0:
        mean = np.bincount(week[inside], late[inside], minlength=WEEKS + 1) / count
        yield _row("days late", "", mean, np.log(mean + 0.01))


def _row(what: str, event_type: str, values: Floats, scale: Floats) -> dict[str, object]:
    """Return a row: the last value beside the usual ones, and how improbable it is among them."""
    usual, last = scale[1:], scale[0]
    # A figure that never varied may still change by chance: it is granted what one event in a thousand does.
    spread = max(float(usual.std(ddof=1)), 1e-3)
    t = (last - usual.mean()) / (spread * np.sqrt(1 + 1 / len(usual)))
    p_value = float(2 * stats.t.sf(abs(t), len(usual) - 1))
    return {
        "what": what,
        "event_type": event_type,
        "usual": float(values[1:].mean()),
        "last": float(values[0]),
        "p_value": p_value,
    }
