"""Reads a plan of visits and incentives for a world."""

import numpy as np
import pandas as pd

from features.errors import InvalidArgumentError
from features.schema import GOALS
from features.simulate.world_state import Contacts, Ints, State


def planned_contacts(state: State, actions: pd.DataFrame, today: int, first_row: int) -> Contacts:
    """Return the contacts of a plan whose days are whole numbers; an impossible row is an `InvalidArgumentError`."""
    required = ("customer_id", "day", "event_type", "channel")
    for name in required:
        if name not in actions.columns:
            raise InvalidArgumentError(f"the plan has no column {name!r}; expected {', '.join(required)}")
    truth = state.truth
    rows = actions.reset_index(drop=True)
    number = pd.to_numeric(rows["customer_id"].astype(str).str[1:], errors="coerce").fillna(0).astype(int)
    _check(rows, (number >= 1) & (number <= state.count), "customer_id", f"C0000001 to C{state.count:07d}")
    _check(rows, rows["day"] >= today, "day", f"day {today} or later")
    known = {("visit", visit.channel): code for code, visit in enumerate(truth.visits)}
    known |= {("incentive", one.channel): len(truth.visits) + code for code, one in enumerate(truth.incentives)}
    pairs = list(zip(rows["event_type"], rows["channel"], strict=True))
    action = pd.Series([known.get(pair, -1) for pair in pairs], dtype=int)
    listed = ", ".join(f"{kind} {channel}" for kind, channel in known)
    _check(rows, action >= 0, "channel", f"one of the truth's: {listed}")
    keys = pd.DataFrame({"customer": number, "day": rows["day"], "type": rows["event_type"]})
    _check(rows, ~keys.duplicated(), "customer_id", "one visit and one incentive for each customer and day at most")

    goal = _codes(rows, "goal", GOALS)
    _check(rows, (goal >= 0) | _absent(rows, "goal"), "goal", f"one of {', '.join(GOALS)}")
    events = state.events
    customer: Ints = np.asarray(number, np.int64) - 1
    day: Ints = np.asarray(rows["day"], np.int64)
    return Contacts.of(
        customer,
        day,
        np.asarray(action, np.int64),
        goal=goal,
        content=_added(rows, "content", events.contents),
        plan_item=_added(rows, "plan_item", events.plan_items),
        plan=np.arange(first_row, first_row + len(rows)),
        in_time=_in_time(state, rows, customer, day),
    )


def _check(rows: pd.DataFrame, right: pd.Series, column: str, expected: str) -> None:
    wrong = np.flatnonzero(~right.to_numpy(bool))
    if len(wrong):
        found = rows[column].astype(object).iloc[wrong[0]]
        raise InvalidArgumentError(f"row {wrong[0] + 1} of the plan has {column} {found!r}; expected {expected}")


def _absent(rows: pd.DataFrame, column: str) -> pd.Series:
    return rows[column].isna() if column in rows else pd.Series(True, index=rows.index)


def _codes(rows: pd.DataFrame, column: str, words: tuple[str, ...] | list[str]) -> Ints:
    if column not in rows:
        return np.full(len(rows), -1)
    code = {word: index for index, word in enumerate(words)}
    codes: Ints = np.array([code.get(word, -1) for word in rows[column]], np.int64)
    return codes


def _added(rows: pd.DataFrame, column: str, words: list[str]) -> Ints:
    """Return the codes of a column's words after adding the new ones to the list."""
    if column in rows:
        known = set(words)
        words += [word for word in dict.fromkeys(rows[column].dropna()) if word not in known]
    return _codes(rows, column, words)


def _in_time(state: State, rows: pd.DataFrame, customer: Ints, day: Ints) -> Ints:
    """Return 0 for the visits for which the rep's week has no minutes left, in the order of the plan, else 1."""
    if "minutes" not in rows or not state.truth.reps:
        return np.ones(len(rows), np.int64)
    minutes = rows["minutes"].fillna(0.0).where(rows["event_type"] == "visit", 0.0)
    used = minutes.groupby([state.population.rep[customer], day // 7]).cumsum()
    in_time: Ints = np.asarray(used <= state.truth.rep_minutes, np.int64)
    return in_time
