"""From the definitions to one function over one customer's events.

`generate_source()` returns its text (`python -m features.engines.codegen` prints it). `python_kernel()` runs that text
as plain Python, for a request; `features.engines.numba_engine` compiles the same text, for a store of millions.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from features.definitions import AGGREGATES, FEATURE_COLUMNS, Aggregate
from features.definitions.specs import CODES
from features.schema import EVENT_TYPES

EVENT_COLUMNS = ("time", "day", "kind", "cents", "channel", "goal", "outcome", "satisfaction", "loyalty")
RECORD_COLUMNS = ("known_from", "known_until")
MEDIANS = tuple(a.name for a in AGGREGATES if a.how == "median")

HEAD = '''\
def customer_features({parameters}, start, stop, as_of, as_of_day, values, visited, out):
    """Fill `out` with the features of the events start..stop (in order of time and kind) known at `as_of`.

    `values` (a row a median) and `visited` are scratch space for as many numbers as there are events.
    """
    bought = 0
    first_day = 0
    latest_day = 0
    waiting = 0
'''
LOOP = """\
    for i in range(start, stop):
        if time[i] >= as_of:
            break
"""
RECORDED = """\
        if not (known_from[i] < as_of and as_of <= known_until[i]):
            continue
"""
EVENT = """\
        event_day = day[i]
        age = as_of_day - event_day
        event_kind = kind[i]
"""
# What an event can see of those before it. A purchase: is it the first of its day, how long since the purchase day
# before, which visits came since the last purchase. Everything else in the loop is generated from the definitions.
CAUSAL = {
    "purchase": """\
            new_day = 1 if bought == 0 or event_day > latest_day else 0
            gap = event_day - latest_day if new_day == 1 and bought == 1 else 0
            after_first_day = 1 if bought == 1 and event_day > first_day else 0
            answered_visits = 0
            for j in range(waiting):
                if event_day - visited[j] <= 14:
                    answered_visits += 1
            waiting = 0
            if bought == 0:
                bought = 1
                first_day = event_day
            if new_day == 1:
                latest_day = event_day
""",
    "visit": """\
            visited[waiting] = event_day
            waiting += 1
""",
    "return": """\
            after_first_day = 1 if bought == 1 and event_day > first_day else 0
""",
}


def generate_source(recorded: bool) -> str:
    """Return the text of `customer_features`; with `recorded` it honours when each event was known."""
    parameters = ", ".join(EVENT_COLUMNS + (RECORD_COLUMNS if recorded else ()))
    parts = [HEAD.format(parameters=parameters)]
    parts += [f"    {a.name} = {a.empty}\n" for a in AGGREGATES if a.how != "median"]
    parts += [f"    {name}_n = 0\n" for name in MEDIANS]
    parts += [LOOP, RECORDED if recorded else "", EVENT]
    commonest_first = sorted(EVENT_TYPES, key=lambda name: name != "purchase")
    for branch, event_type in enumerate(commonest_first):
        parts.append(
            f"        {'elif' if branch else 'if'} event_kind == {EVENT_TYPES.index(event_type)}:  # {event_type}\n"
        )
        parts.append(CAUSAL.get(event_type, ""))
        parts += _gather([a for a in AGGREGATES if a.event_type == event_type])
    for row, name in enumerate(MEDIANS):
        parts.append(f"    {name} = median(values[{row}], {name}_n)\n")
    for position, column in enumerate(FEATURE_COLUMNS):
        value = with_codes(column.expression)
        if column.null_when:
            value = f"nan if {with_codes(column.null_when)} else {value}"
        parts.append(f"    out[{position}] = {value}  # {column.name}\n")
    return "".join(parts)


def with_codes(text: str) -> str:
    """Return a condition or expression with its codes in capitals replaced by their numbers."""
    return re.sub(r"\b[A-Z][A-Z_]+\b", lambda word: str(CODES[word.group()]), text)


def _gather(aggregates: list[Aggregate]) -> list[str]:
    """Return the statements that add one event to its type's aggregates, each column read and condition tested once."""
    by_condition: dict[str, list[str]] = {}
    for a in aggregates:
        by_condition.setdefault(_of_event(a.where), []).extend(_statements(a, _of_event(a.value)))
    lines = []
    for condition, statements in by_condition.items():
        margin = 12 * " "
        if condition:
            lines.append(f"{margin}if {condition}:\n")
            margin += 4 * " "
        lines += [f"{margin}{statement}\n" for statement in statements]
    used = [name for name in EVENT_COLUMNS[3:] if any(f"event_{name}" in line for line in lines)]
    return [f"            event_{name} = {name}[i]\n" for name in used] + lines


def _statements(a: Aggregate, value: str) -> list[str]:
    match a.how:
        case "count":
            return [f"{a.name} += 1"]
        case "sum":
            return [f"{a.name} += {value}"]
        case "last":
            return [f"{a.name} = {value}"]
        case "min" | "max":
            beats = "<" if a.how == "min" else ">"
            return [f"if {value} {beats} {a.name}:", f"    {a.name} = {value}"]
        case "median":
            return [f"values[{MEDIANS.index(a.name)}][{a.name}_n] = {value}", f"{a.name}_n += 1"]


def _of_event(text: str) -> str:
    """Return the text with codes filled in, and the event's own columns by their names in the loop."""
    names = "|".join(name for name in EVENT_COLUMNS if name not in ("time", "kind"))
    return with_codes(re.sub(rf"\b({names})\b", r"event_\1", text))


@cache
def python_kernel(recorded: bool = False) -> Callable[..., None]:
    """Return `customer_features` as plain Python over lists: no compiler, one customer in tens of microseconds."""
    space: dict[str, Any] = {"median": median}
    exec("from math import nan, sqrt\n" + generate_source(recorded), space)
    function: Callable[..., None] = space["customer_features"]
    return function


def median(values: list[int], count: int) -> float:
    """Return the median of the first `count` of `values`, 0 of none."""
    if count == 0:
        return 0.0
    ordered = sorted(values[:count])
    half = count // 2
    return float(ordered[half]) if count % 2 else (ordered[half - 1] + ordered[half]) / 2


if __name__ == "__main__":
    print(generate_source(recorded=True))
