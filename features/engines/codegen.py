"""Generates, from the definitions, the function that computes one customer's features.

`generate_source()` returns the function as text (`python -m features.engines.codegen` prints it). `python_kernel()`
runs that text as plain Python, for one request; `features.engines.numba_engine` compiles the same text, for a store of
millions of customers.
"""

import ast
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from features.definitions.checks import words_of
from features.definitions.expressions import names_in, translated
from features.definitions.registry import FeatureSet, default_features
from features.definitions.specs import SALE, Aggregate, CausalColumn
from features.engines.causal import causal_statements, initial_state, open_rows
from features.engines.charging import FUNCTIONS
from features.engines.sales import (
    after_events,
    charges_returns,
    equal_aggregates,
    initial_sales,
    purchase_columns,
    sale_rows,
    sale_statements,
)
from features.schema import EVENT_TYPES
from features.store.layout import EVENT_COLUMNS, SALE_COLUMNS, kernel_columns

HEAD = '''\
def customer_features({parameters}, start, stop, as_of, as_of_day, scratch, out):
    """Fill `out` with the features of the events start..stop (in order of time and kind) known at `as_of`.

    `scratch` has {rows} rows, each as long as there are events.
    """
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
LOADED = EVENT_COLUMNS[3:] + SALE_COLUMNS
"""The columns that are read only by the types of events whose definitions use them."""


@cache
def scratch_rows(features: FeatureSet | None = None, names_sales: bool = False) -> int:
    """Return how many rows of scratch space the function needs: for medians, pairs of `followed`, and sales."""
    features = features or default_features()
    return _first_sale_row(features) + (len(sale_rows(names_sales)) if charges_returns(features) else 0)


def generate_source(recorded: bool, features: FeatureSet | None = None, names_sales: bool = False) -> str:
    """Return the text of the function `customer_features`.

    Parameters
    ----------
    recorded : bool
        Whether the events have `known_from` and `known_until`. The function then reads both, and skips an event that
        was recorded at `as_of` or later, or replaced before it.
    features : FeatureSet, optional
        By default those of this process.
    names_sales : bool
        Whether the events have `reference` and `sale_reference`, by which returns name their sales.
    """
    features = features or default_features()
    parameters = ", ".join(kernel_columns(recorded, names_sales))
    parts = [HEAD.format(parameters=parameters, rows=scratch_rows(features, names_sales))]
    parts += _lines(4, [f"{a.name} = {a.empty}" for a in features.aggregates if a.how != "median"])
    for row, name in enumerate(_medians(features)):
        parts += _lines(4, [f"_{name}_count = 0", f"_{name}_values = scratch[{row}]"])
    parts += _lines(4, initial_state(_causal(features), _open_rows(features)))
    if charges_returns(features):
        parts += _lines(4, initial_sales(_first_sale_row(features), names_sales))
    parts += [LOOP, RECORDED if recorded else "", EVENT]
    branch = "if"
    for event_type in sorted(EVENT_TYPES, key=lambda name: name != "purchase"):  # the commonest first
        if statements := _statements_of_event(event_type, features, recorded, names_sales):
            parts.append(f"        {branch} event_kind == {EVENT_TYPES.index(event_type)}:  # {event_type}\n")
            parts += _lines(12, statements)
            branch = "elif"
    if over_sales := _of_type(SALE, features):
        parts += _lines(4, after_events(over_sales, _updates_of_sale, features, recorded))
    parts += _lines(4, [f"{name} = median(_{name}_values, _{name}_count)" for name in _medians(features)])
    for position, column in enumerate(features.columns):
        value = translated(column.expression, {})
        if column.null_when:
            value = f"nan if {translated(column.null_when, {})} else {value}"
        parts.append(f"    out[{position}] = {value}  # {column.name}\n")
    return "".join(parts)


def _medians(features: FeatureSet) -> list[str]:
    return [a.name for a in features.aggregates if a.how == "median"]


def _of_type(event_type: str, features: FeatureSet) -> list[Aggregate]:
    return [a for a in features.aggregates if a.event_type == event_type]


def _causal(features: FeatureSet) -> tuple[CausalColumn, ...]:
    """Return the causal columns, and those that aggregates over sales need of purchases."""
    return features.causal + purchase_columns(features)[1]


def _open_rows(features: FeatureSet) -> dict[tuple[str, str], int]:
    return open_rows(features.causal, len(_medians(features)))


def _first_sale_row(features: FeatureSet) -> int:
    return len(_medians(features)) + len(_open_rows(features))


def _lines(margin: int, statements: Iterable[str]) -> list[str]:
    return [f"{margin * ' '}{statement}\n" for statement in statements]


def _statements_of_event(event_type: str, features: FeatureSet, recorded: bool, names_sales: bool) -> list[str]:
    """Return the statements for an event of a type."""
    updates = _updates(_of_type(event_type, features), words_of(event_type), _of_event)
    if charges_returns(features):
        unmatched = [c.name for c in features.causal if c.kind == "unmatched" and c.event_type == event_type]
        updates = sale_statements(event_type, unmatched, recorded, names_sales) + updates
    if event_type == "purchase":  # what aggregates over sales are where nothing is returned
        columns, equal = purchase_columns(features)[0], equal_aggregates(features)
        others = [a for a in _of_type(SALE, features) if a.name not in equal]
        updates += _updates(others, {}, lambda name: _of_event(columns.get(name, name)))
    used = names_in(ast.parse("\n".join(updates)))
    return [
        *(f"event_{name} = {name}[i]" for name in LOADED if f"event_{name}" in used),
        *causal_statements(event_type, _causal(features), _open_rows(features)),
        *updates,
    ]


def _updates_of_sale(aggregates: Iterable[Aggregate], columns: Mapping[str, str]) -> list[str]:
    return _updates(aggregates, {}, lambda name: f"_{columns.get(name, name)}")


def _updates(
    aggregates: Iterable[Aggregate], words: Mapping[str, tuple[str, ...]], rename: Callable[[str], str]
) -> list[str]:
    """Return the statements that gather the aggregates of an event; each condition is tested once."""
    by_condition: dict[str, list[str]] = {}
    for a in aggregates:
        condition = translated(a.where, words, rename) if a.where else ""
        by_condition.setdefault(condition, []).extend(_statements(a, translated(a.value, words, rename)))
    updates: list[str] = []
    for condition, statements in by_condition.items():
        updates += [f"if {condition}:", *(f"    {each}" for each in statements)] if condition else statements
    return updates


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
            return [f"_{a.name}_values[_{a.name}_count] = {value}", f"_{a.name}_count += 1"]


def _of_event(name: str) -> str:
    """Return the variable of the loop that holds a column of the event."""
    return f"event_{name}" if name in {"day", *LOADED} else name


@cache
def python_kernel(
    recorded: bool = False, features: FeatureSet | None = None, names_sales: bool = False
) -> Callable[..., None]:
    """Return `customer_features` as plain Python over lists, which takes tens of microseconds and needs no compiler."""
    namespace: dict[str, Any] = {"median": median, **{function.__name__: function for function in FUNCTIONS}}
    exec("from math import nan, sqrt\n" + generate_source(recorded, features, names_sales), namespace)
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
