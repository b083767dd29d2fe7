"""Checks of the definitions: each fault is one line that names the family, what was found and what was expected."""

import ast
import keyword
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import get_args

from features.definitions.expressions import Kind, Words, expected_one_of, kind_of, names_in, parse
from features.definitions.specs import (
    COVARIATE_TRANSFORMS,
    SALE,
    Aggregate,
    CausalColumn,
    CausalKind,
    Constraint,
    Family,
    FeatureColumn,
    How,
)
from features.definitions.value_ranges import (
    CAUSAL_RANGES,
    EVENT_RANGES,
    SALE_RANGES,
    Range,
    aggregate_range,
    can_be_negative,
    kind_of_aggregate,
    narrowed,
    range_of,
)
from features.errors import DefinitionError
from features.schema import EVENT_TYPES
from features.store.layout import CODED_WORDS, DTYPES

LOWER_CASE = re.compile(r"[a-z][a-z0-9_]*")
ANY_CASE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
PARAMETERS = (
    "start",
    "stop",
    "as_of",
    "as_of_day",
    "scratch",
    "out",
    "age",
    "median",
    "nan",
    "sqrt",
    "i",
    "j",
    "range",
    "charge",
)
RESERVED = frozenset({*DTYPES, *(f"event_{name}" for name in DTYPES), *PARAMETERS})
"""Names of the generated function; all others that it has begin with an underscore."""


def check_families(families: Sequence[Family]) -> None:
    """Raise DefinitionError for the first fault in the definitions.

    Parameters
    ----------
    families : sequence of Family
        All that are computed together.
    """
    check_types(families)
    _check_unique("family", ((family, family.name) for family in families))
    _check_unique("causal column", ((f, f"{c.name} of {c.event_type}") for f in families for c in f.causal))
    _check_unique("aggregate", ((family, a.name) for family in families for a in family.aggregates))
    _check_unique("column", ((family, c.name) for family in families for c in family.columns))
    causal = [c for family in families for c in family.causal]
    aggregates = {a.name: a for family in families for a in family.aggregates}
    columns = {c.name: c for family in families for c in family.columns}
    causal_names = {c.name for c in causal}
    for family in families:
        for c in family.causal:
            with _place(family, "causal column", c.name):
                _check_causal(c)
    for family in families:
        for a in family.aggregates:
            with _place(family, "aggregate", a.name):
                _check_aggregate(a, causal, causal_names)
    ranges = aggregate_ranges(aggregates.values(), causal)
    for family in families:
        for column in family.columns:
            with _place(family, "column", column.name):
                _check_column(column, aggregates, ranges)
        for constraint in family.constraints:
            with _place(family, "constraint of", constraint.column):
                _check_constraint(constraint, columns)


def event_ranges(event_type: str, causal: Iterable[CausalColumn]) -> dict[str, Range]:
    """Return the ranges of the columns that events of a type have, except columns of words."""
    if event_type == SALE:
        return dict(SALE_RANGES)
    return dict(EVENT_RANGES) | {c.name: CAUSAL_RANGES[c.kind] for c in causal if c.event_type == event_type}


def aggregate_ranges(aggregates: Iterable[Aggregate], causal: Iterable[CausalColumn]) -> dict[str, Range]:
    """Return the values that each aggregate can have when an event qualifies, by name."""
    return {a.name: aggregate_range(a, event_ranges(a.event_type, causal)) for a in aggregates}


def words_of(event_type: str) -> Words:
    """Return the words of each column of words for events of a type."""
    if event_type == SALE:
        return {}
    return {column: by_type.get(event_type, ()) for column, by_type in CODED_WORDS.items()}


@contextmanager
def _place(family: Family, kind: str, name: str) -> Iterator[None]:
    try:
        yield
    except DefinitionError as error:
        raise DefinitionError(f"{_of(family)}, {kind} {name!r}: {error}") from None


def _of(family: Family) -> str:
    return f"family {family.name!r}" + (f" ({family.origin})" if family.origin else "")


def check_types(families: Sequence[Family]) -> None:
    """Raise DefinitionError where a part of a family is of another type."""
    parts = {"aggregates": Aggregate, "columns": FeatureColumn, "causal": CausalColumn, "constraints": Constraint}
    for family in families:
        if not family.name or not family.name.isprintable():
            raise DefinitionError(f"a family is called {family.name!r}; expected the words of a heading")
        for field, part in parts.items():
            found = getattr(family, field)
            if not isinstance(found, tuple | list) or not all(isinstance(member, part) for member in found):
                raise DefinitionError(f"{_of(family)}: {field}={found!r}; expected a tuple of {part.__name__}")
            for member, text in ((member, text) for member in found for text in fields(part)):
                value = getattr(member, text.name)
                if text.type is str and not isinstance(value, str):
                    raise DefinitionError(
                        f"{_of(family)}, {part.__name__} {member!r}: {text.name}={value!r}; expected a text"
                    )


def _check_unique(kind: str, named: Iterable[tuple[Family, str]]) -> None:
    """Refuse a name that comes twice; SQL and Spark do not tell upper from lower case."""
    seen: dict[str, tuple[Family, str]] = {}
    for family, name in named:
        if name.lower() in seen:
            other, same = seen[name.lower()]
            where = "this family" if other is family else _of(other)
            raise DefinitionError(
                f"{_of(family)}, {kind} {name!r}: {where} has {same!r} already; expected another name"
            )
        seen[name.lower()] = family, name


def _check_name(name: str, pattern: re.Pattern[str], reserved: Iterable[str]) -> None:
    if not pattern.fullmatch(name):
        case = "lower-case letters" if pattern is LOWER_CASE else "letters"
        raise DefinitionError(f"expected a name of {case}, digits and underscores that begins with a letter")
    if keyword.iskeyword(name) or name in reserved:
        raise DefinitionError("this name means something else already; expected another name")


def _check_event_type(event_type: str) -> None:
    if event_type not in EVENT_TYPES:
        raise DefinitionError(f"unknown event type {event_type!r}; {expected_one_of(event_type, EVENT_TYPES)}")


def _check_causal(c: CausalColumn) -> None:
    _check_name(c.name, LOWER_CASE, RESERVED)
    _check_event_type(c.event_type)
    if c.kind not in get_args(CausalKind):
        raise DefinitionError(f"unknown kind {c.kind!r}; {expected_one_of(str(c.kind), get_args(CausalKind))}")
    if c.of:
        _check_event_type(c.of)
    if c.kind in ("new_day", "gap") and c.source != c.event_type:
        raise DefinitionError(f"of={c.of!r}; expected none, a {c.kind} is one of events of the same type")
    if c.kind == "unmatched" and (c.event_type != "return" or c.of):
        raise DefinitionError("expected event_type='return' and no other type: only returns are charged to sales")
    if (c.kind == "followed") != (c.days is not None):
        raise DefinitionError(
            f"days={c.days!r}; expected {'a number' if c.kind == 'followed' else 'none'} for {c.kind}"
        )
    if c.days is not None and (type(c.days) is not int or c.days < 0):
        raise DefinitionError(f"days={c.days!r}; expected a whole number, 0 or more")


def _check_aggregate(a: Aggregate, causal: Sequence[CausalColumn], causal_names: set[str]) -> None:
    _check_name(a.name, LOWER_CASE, RESERVED | causal_names)
    if a.event_type != SALE:
        _check_event_type(a.event_type)
    if a.how not in get_args(How):
        raise DefinitionError(f"unknown how {a.how!r}; {expected_one_of(str(a.how), get_args(How))}")
    if type(a.empty) is not int:
        raise DefinitionError(f"empty={a.empty!r}; expected a whole number")
    ranges, words = event_ranges(a.event_type, causal), words_of(a.event_type)
    names: dict[str, Kind] = dict.fromkeys(ranges, "whole")
    if a.where:
        _expect(a.where, "where", names, words, "truth")
    tree = _expect(a.value, "value", names, words, "whole")
    if a.how != "count":
        _check_values(a, tree, narrowed(ranges, a.where), causal)
    _check_empty(a, tree, narrowed(ranges, a.where))


def _check_values(a: Aggregate, tree: ast.expr, ranges: Mapping[str, Range], causal: Sequence[CausalColumn]) -> None:
    gaps = {c.name for c in causal if c.kind == "gap" and c.event_type == a.event_type}
    for name in sorted(names_in(tree)):
        if {**EVENT_RANGES, **SALE_RANGES}.get(name, (0, 0))[0] == ranges[name][0] == -1:
            raise DefinitionError(
                f"{name} is -1 where it is absent; expected where='{name} >= 0', alone or joined by 'and'"
            )
        if name in gaps and ranges[name][0] == 0 and a.how != "sum":
            raise DefinitionError(
                f"{name} is 0 where there is no gap; expected where='{name} > 0', alone or joined by 'and'"
            )


def _check_empty(a: Aggregate, tree: ast.expr, ranges: Mapping[str, Range]) -> None:
    if a.how in ("count", "sum", "median") and a.empty != 0:
        raise DefinitionError(f"empty={a.empty}; expected 0, the {a.how} of nothing")
    if a.how in ("min", "max"):
        low, high = range_of(tree, ranges)
        if a.how == "min" and a.empty < high:
            raise DefinitionError(f"empty={a.empty} is below values that a min must find; expected {high} or more")
        if a.how == "max" and a.empty > low:
            raise DefinitionError(f"empty={a.empty} is above values that a max must find; expected {low} or less")


def _check_column(column: FeatureColumn, aggregates: Mapping[str, Aggregate], ranges: Mapping[str, Range]) -> None:
    _check_name(column.name, ANY_CASE, ["customer_id"])
    for field in ("unit", "meaning", "null_rule"):
        if not getattr(column, field):
            raise DefinitionError(f"{field} is empty; expected words for docs/columns.md")
    names: dict[str, Kind] = {"as_of_day": "whole"}
    names |= {a.name: kind_of_aggregate(a) for a in aggregates.values()}
    _expect(column.expression, "expression", names, {}, "number", ("/", "sqrt"))
    if column.null_when:
        _expect(column.null_when, "null_when", names, {}, "truth")
    if bool(column.null_when) != (column.null_rule != "never null"):
        found = f"null_when={column.null_when!r} and null_rule={column.null_rule!r}"
        raise DefinitionError(f"{found}; expected the condition and its words, or neither")
    if column.covariate and column.covariate not in COVARIATE_TRANSFORMS:
        expected = expected_one_of(column.covariate, COVARIATE_TRANSFORMS)
        raise DefinitionError(f"unknown covariate {column.covariate!r}; {expected}")
    least, greatest = column.minimum, column.maximum
    if least is not None and greatest is not None and not least < greatest:
        raise DefinitionError(f"minimum={least} and maximum={greatest}; expected a minimum below the maximum")
    if greatest is not None and not greatest > 0:
        raise DefinitionError(f"maximum={greatest}; expected a number above 0")
    can_be_negative(column, aggregates, ranges)


def _check_constraint(constraint: Constraint, columns: Mapping[str, FeatureColumn]) -> None:
    names: dict[str, Kind] = dict.fromkeys(columns, "whole")
    if constraint.column not in columns:
        raise DefinitionError(f"unknown column; {expected_one_of(constraint.column, columns)}")
    _expect(constraint.impossible, "impossible", names, {}, "truth", ("null",))


def _expect(
    text: str, field: str, names: Mapping[str, Kind], words: Words, kind: str, functions: Sequence[str] = ()
) -> ast.expr:
    """Return the tree of an expression of this kind; raises DefinitionError that begins with the field."""
    try:
        tree = parse(text)
        found = kind_of(tree, names, words, functions)
    except DefinitionError as error:
        raise DefinitionError(f"{field}: {error}") from None
    if (found == "truth") != (kind == "truth"):
        expected = "a condition" if kind == "truth" else "a number"
        raise DefinitionError(
            f"{field}: {text!r} is {'a condition' if found == 'truth' else 'a number'}; expected {expected}"
        )
    return tree
