"""Generates, from the definitions, the function that computes one customer's features.

`generate_source()` returns the function as text (`python -m features.engines.codegen` prints it). `python_kernel()`
runs that text as plain Python, for one request; `features.engines.numba_engine` compiles the same text, for a store of
millions of customers.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from features.definitions import AGGREGATES, FEATURE_COLUMNS, Aggregate
from features.definitions.specs import CODES, FOLLOW_UP_DAYS
from features.schema import EVENT_TYPES
from features.store.layout import EVENT_COLUMNS, RECORD_COLUMNS

MEDIANS = tuple(a.name for a in AGGREGATES if a.how == "median")

HEAD = '''\
def customer_features({parameters}, start, stop, as_of, as_of_day, values, visit_days, out):
    """Fill `out` with the features of the events start..stop (in order of time and kind) known at `as_of`.

    `values` (one row per median) and `visit_days` are scratch space, each as long as there are events.
    """
    has_bought = 0
    first_day = 0
    last_day = 0
    open_visits = 0
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
# The causal columns: what an event can see of the events before it. Of a purchase: whether it is the first of its day,
# the days since the purchase day before, and the visits it follows. Everything else in the loop is generated from the
# definitions.
CAUSAL = {
    "purchase": f"""\
            new_day = 1 if has_bought == 0 or event_day > last_day else 0
            gap = event_day - last_day if new_day == 1 and has_bought == 1 else 0
            after_first_day = 1 if has_bought == 1 and event_day > first_day else 0
            followed_visits = 0
            for j in range(open_visits):
                if event_day - visit_days[j] <= {FOLLOW_UP_DAYS}:
                    followed_visits += 1
            open_visits = 0
            if has_bought == 0:
                has_bought = 1
                first_day = event_day
            if new_day == 1:
                last_day = event_day
""",
    "visit": """\
            visit_days[open_visits] = event_day
            open_visits += 1
""",
    "return": """\
            after_first_day = 1 if has_bought == 1 and event_day > first_day else 0
""",
}


def generate_source(recorded: bool) -> str:
    """Return the text of the function `customer_features`.

    Parameters
    ----------
    recorded : bool
        Whether the events have `known_from` and `known_until`. The function then reads both, and skips an event that
        was recorded at `as_of` or later, or replaced before it.
    """
    parameters = ", ".join(EVENT_COLUMNS + (RECORD_COLUMNS if recorded else ()))
    parts = [HEAD.format(parameters=parameters)]
    parts += [f"    {a.name} = {a.empty}\n" for a in AGGREGATES if a.how != "median"]
    parts += [f"    {name}_n = 0\n" for name in MEDIANS]
    parts += [LOOP, RECORDED if recorded else "", EVENT]
    commonest_first = sorted(EVENT_TYPES, key=lambda name: name != "purchase")
    for branch, event_type in enumerate(commonest_first):
        test = f"{'elif' if branch else 'if'} event_kind == {EVENT_TYPES.index(event_type)}"
        statements = CAUSAL.get(event_type, "") + _update(event_type)
        parts.append(f"        {test}:  # {event_type}\n{statements or 12 * ' ' + 'pass' + chr(10)}")
    for row, name in enumerate(MEDIANS):
        parts.append(f"    {name} = median(values[{row}], {name}_n)\n")
    for position, column in enumerate(FEATURE_COLUMNS):
        value = with_codes(column.expression)
        if column.null_when:
            value = f"nan if {with_codes(column.null_when)} else {value}"
        parts.append(f"    out[{position}] = {value}  # {column.name}\n")
    return "".join(parts)


def with_codes(text: str) -> str:
    """Return a condition or expression with its codes (words in capitals) replaced by their numbers."""
    return re.sub(r"\b[A-Z][A-Z_]+\b", lambda word: str(CODES[word.group()]), text)


def _update(event_type: str) -> str:
    """Return the statements that add an event to the aggregates of its type; each condition is tested once."""
    by_condition: dict[str, list[str]] = {}
    for a in AGGREGATES:
        if a.event_type == event_type:
            by_condition.setdefault(_of_event(a.where), []).extend(_statements(a, _of_event(a.value)))
    lines = []
    for condition, statements in by_condition.items():
        margin = 12 * " "
        if condition:
            lines.append(f"{margin}if {condition}:\n")
            margin += 4 * " "
        lines += [f"{margin}{statement}\n" for statement in statements]
    used = [name for name in EVENT_COLUMNS[3:] if any(f"event_{name}" in line for line in lines)]
    return "".join([*(f"            event_{name} = {name}[i]\n" for name in used), *lines])


def _statements(a: Aggregate, value: str) -> list[str]:
    match a.how:
        case "count":
            return [f"{a.name} += 1"]
        case "sum":
            return [f"{a.name} += {value}"]
        case "last":
            return [f"{a.name} = {value}"]
        case "min" | "max":
            comparison = "<" if a.how == "min" else ">"
            return [f"if {value} {comparison} {a.name}:", f"    {a.name} = {value}"]
        case "median":
            return [f"values[{MEDIANS.index(a.name)}][{a.name}_n] = {value}", f"{a.name}_n += 1"]


def _of_event(text: str) -> str:
    """Return the text with its codes filled in and the event's columns renamed to the loop's variables."""
    names = "|".join(name for name in EVENT_COLUMNS if name not in ("time", "kind"))
    return with_codes(re.sub(rf"\b({names})\b", r"event_\1", text))


@cache
def python_kernel(recorded: bool = False) -> Callable[..., None]:
    """Return `customer_features` as plain Python over lists, which takes tens of microseconds and needs no compiler."""
    namespace: dict[str, Any] = {"median": median}
    exec("from math import nan, sqrt\n" + generate_source(recorded), namespace)
    function: Callable[..., None] = namespace["customer_features"]
    return function


def median(values: list[int], count: int) -> float:
    """Return the median of the first `count` of `values`; 0 when `count` is 0."""
    if count == 0:
        return 0.0
    ordered = sorted(values[:count])
    half = count // 2
    return float(ordered[half]) if count % 2 else (ordered[half - 1] + ordered[half]) / 2


if __name__ == "__main__":
    print(generate_source(recorded=True))
