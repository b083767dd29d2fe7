"""Which values aggregates and columns can have, as far as their definitions tell."""

import ast
import math
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from features.definitions.expressions import Kind, kind_of, names_in, parse
from features.definitions.specs import NEVER, Aggregate, FeatureColumn
from features.errors import DefinitionError
from features.schema import AMOUNT_MAXIMUM, FIRST_YEAR, LAST_YEAR, RATING_MAXIMUM

DAYS_MAXIMUM = 366 * (LAST_YEAR - FIRST_YEAR + 1)
COUNT_MAXIMUM = 1e9
CURRENCY_MAXIMUM = 1e15

Range = tuple[int, int]

DAYS = (366 * (FIRST_YEAR - 1971), 366 * (LAST_YEAR - 1969))
EVENT_RANGES: Mapping[str, Range] = {
    "day": DAYS,
    "age": (0, DAYS_MAXIMUM),
    "cents": (-1, int(100 * AMOUNT_MAXIMUM)),
    "satisfaction": (-1, 10**9),
    "loyalty": (-1, 10**9),
}
"""The least and the greatest value of the columns of an event, -1 where the value is absent."""
CAUSAL_RANGES: Mapping[str, Range] = {
    "new_day": (0, 1),
    "gap": (0, DAYS_MAXIMUM),
    "after_first_day": (0, 1),
    "followed": (0, int(COUNT_MAXIMUM)),
    "unmatched": (0, 1),
}
"""The same of causal columns, by kind."""
SALE_RANGES: Mapping[str, Range] = {
    "left": EVENT_RANGES["cents"],
    "day": DAYS,
    "age": EVENT_RANGES["age"],
    "after_first_day": (0, 1),
    "new_day_left": (0, 1),
}
"""The same of the columns of a sale."""


def kind_of_aggregate(a: Aggregate) -> Kind:
    """Return what an aggregate is in an expression; the median of whole numbers can lie between two."""
    return "fraction" if a.how == "median" else "whole"


class Limits(NamedTuple):
    """The values of a column that the service takes."""

    least: float
    greatest: float
    whole: bool


def conditions(where: str) -> list[ast.expr]:
    """Return the conditions that are all true where `where` is."""
    if not where:
        return []
    tree = parse(where)
    return tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]


def narrowed(ranges: Mapping[str, Range], where: str) -> dict[str, Range]:
    """Return the ranges of an event's columns where the condition is true."""
    narrow = dict(ranges)
    for condition in conditions(where):
        match condition:
            case ast.Compare(ast.Name(name), [operator], [ast.Constant(int(bound))]) if name in narrow:
                low, high = narrow[name]
                match operator:
                    case ast.GtE():
                        low = max(low, bound)
                    case ast.Gt():
                        low = max(low, bound + 1)
                    case ast.LtE():
                        high = min(high, bound)
                    case ast.Lt():
                        high = min(high, bound - 1)
                    case ast.Eq():
                        low = high = bound
                narrow[name] = (low, high)
    return narrow


def range_of(node: ast.expr, ranges: Mapping[str, Range]) -> Range:
    """Return the least and the greatest value of a sum, difference or product of whole numbers."""
    match node:
        case ast.Constant(int(value)):
            return value, value
        case ast.Name(name):
            return ranges[name]
        case ast.UnaryOp(ast.USub(), operand):
            low, high = range_of(operand, ranges)
            return -high, -low
        case ast.UnaryOp(ast.UAdd(), operand):
            return range_of(operand, ranges)
        case ast.BinOp(left, operator, right):
            (a, b), (c, d) = range_of(left, ranges), range_of(right, ranges)
            if isinstance(operator, ast.Add):
                return a + c, b + d
            if isinstance(operator, ast.Sub):
                return a - d, b - c
            if ast.dump(left) == ast.dump(right) and a < 0:  # a square
                return 0, max(a * a, b * b)
            corners = a * c, a * d, b * c, b * d
            return min(corners), max(corners)
    raise DefinitionError(f"{ast.unparse(node)!r} has no greatest value; expected a sum, difference or product")


def cases(
    column: FeatureColumn, aggregates: Mapping[str, Aggregate], ranges: Mapping[str, Range]
) -> Iterator[dict[str, float]]:
    """Yield small and large values that the aggregates of a column can have at the same time.

    Aggregates of the same events are empty together, and one of fewer events is empty where one of more is. Of the
    others each takes its least value, the next one and the greatest.

    Parameters
    ----------
    column : FeatureColumn
    aggregates : mapping of str to Aggregate
        By name.
    ranges : mapping of str to (int, int)
        The values of each aggregate when an event qualifies.
    """
    names = names_in(parse(column.expression)) | (names_in(parse(column.null_when)) if column.null_when else set())
    used = sorted(names - {"as_of_day"})
    groups: dict[tuple[str, frozenset[str]], list[str]] = {}
    for name in used:
        a = aggregates[name]
        groups.setdefault((a.event_type, frozenset(map(ast.dump, conditions(a.where)))), []).append(name)
    wider = [
        (narrow, wide)
        for narrow, (one_type, more) in enumerate(groups)
        for wide, (other_type, fewer) in enumerate(groups)
        if one_type == other_type and fewer < more
    ]
    for filled in product((False, True), repeat=len(groups)):
        if any(filled[narrow] and not filled[wide] for narrow, wide in wider):
            continue
        choices: dict[str, set[int]] = {}
        for is_filled, members in zip(filled, groups.values(), strict=True):
            for name in members:
                low, high = ranges[name]
                choices[name] = {low, min(low + 1, high), high} if is_filled else {aggregates[name].empty}
        for values in product(*choices.values()):
            yield {"as_of_day": float(DAYS[1])} | dict(zip(choices, map(float, values), strict=True))


def aggregate_range(a: Aggregate, ranges: Mapping[str, Range]) -> Range:
    """Return the values of an aggregate when an event qualifies, from the ranges of the event's columns."""
    if a.how == "count":
        return 1, int(COUNT_MAXIMUM)
    low, high = range_of(parse(a.value), narrowed(ranges, a.where))
    return (min(low, low * 1000), max(high, high * 1000)) if a.how == "sum" else (low, high)


def can_be_negative(column: FeatureColumn, aggregates: Mapping[str, Aggregate], ranges: Mapping[str, Range]) -> bool:
    """Return whether a column can be below 0 in one of its `cases`.

    Raises
    ------
    DefinitionError
        When it divides by 0, or takes the day of an event that never happened, where it is not null.
    """
    value: Any = compile(ast.Expression(parse(column.expression)), column.name, "eval")
    null: Any = compile(ast.Expression(parse(column.null_when or "1 < 0")), column.name, "eval")
    negative = False
    for case in cases(column, aggregates, ranges):
        # Not every case is possible, so that a root may be one of a number below 0.
        scope = {"__builtins__": {}, "sqrt": lambda root: math.sqrt(abs(root)), **case}
        if eval(null, scope):
            continue
        for name in case:
            if abs(case[name]) == -NEVER and name in names_in(parse(column.expression)):
                raise DefinitionError(f"{name} is {int(case[name])} without such an event; expected a null_when for it")
        try:
            negative |= eval(value, scope) < 0
        except ZeroDivisionError:
            divisor = _divisor_of_0(column, scope)
            raise DefinitionError(
                f"{divisor} can be 0 where the column is not null; expected a null_when like '{divisor} == 0'"
            ) from None
    return negative


def _divisor_of_0(column: FeatureColumn, scope: dict[str, Any]) -> str:
    divisions = [part for part in ast.walk(parse(column.expression)) if isinstance(part, ast.BinOp)]
    divisors = (part.right for part in divisions if isinstance(part.op, ast.Div))
    return next(ast.unparse(part) for part in divisors if eval(compile(ast.Expression(part), "", "eval"), scope) == 0)


def column_limits(column: FeatureColumn, aggregates: Mapping[str, Aggregate], ranges: Mapping[str, Range]) -> Limits:
    """Return the values that the service takes of a column: what its definition says, else what the unit allows.

    They are wide enough for every row of a feature table, and narrow enough that models stay finite.
    """
    by_unit = {
        "days": DAYS_MAXIMUM,
        "currency": CURRENCY_MAXIMUM,
        "ratio": CURRENCY_MAXIMUM,
        "rating": RATING_MAXIMUM,
    }
    greatest = float(by_unit.get(column.unit, COUNT_MAXIMUM) if column.maximum is None else column.maximum)
    signed = can_be_negative(column, aggregates, ranges) if column.signed is None else column.signed
    least = (-greatest if signed else 0.0) if column.minimum is None else float(column.minimum)
    names: dict[str, Kind] = {name: kind_of_aggregate(aggregates[name]) for name in aggregates} | {"as_of_day": "whole"}
    whole = kind_of(parse(column.expression), names, {}, ("/", "sqrt")) == "whole"
    return Limits(least, greatest, whole if column.whole is None else column.whole)
