"""Wrong definitions: each is refused with one line that names it, what was found and what was expected."""

from dataclasses import replace
from typing import Any

import pytest

from features.definitions import purchases
from features.definitions.checks import check_families
from features.definitions.registry import BUILT_IN
from features.definitions.specs import NEVER, Aggregate, CausalColumn, Constraint, Family, FeatureColumn
from features.errors import DefinitionError

TYPES = "visit, incentive, usage, purchase, return, feedback"


def counted(where: str = "", event_type: str = "visit", **fields: Any) -> Family:
    """A family of one aggregate, `calls`, and one column of it."""
    aggregate = replace(Aggregate("calls", event_type, "count", where=where), **fields)
    return Family("calls", (aggregate,), (FeatureColumn("calls", "visits", "calls", aggregate.name),))


def column(expression: str = "calls", null_when: str = "", **fields: Any) -> Family:
    """A family with the aggregates `calls`, `sums` and `middle`, and one column `x`."""
    rule = "null without" if null_when else "never null"
    aggregates = (
        Aggregate("calls", "visit", "count"),
        Aggregate("sums", "purchase", "sum", "cents", "cents >= 0"),
        Aggregate("middle", "purchase", "median", "gap", "gap > 0"),
        Aggregate("last_call", "visit", "max", "day", empty=NEVER),
    )
    x = replace(FeatureColumn("x", "visits", "calls", expression, null_when, rule), **fields)
    return Family("calls", aggregates, (x,))


def causal(**fields: Any) -> Family:
    """A family with one causal column."""
    return Family("calls", (), (), (replace(CausalColumn("near", "purchase", "followed", "visit", 30), **fields),))


A = "family 'calls', aggregate 'calls': "
X = "family 'calls', column 'x': "
C = "family 'calls', causal column 'near': "
WRONG: dict[str, tuple[Family, str]] = {
    "column of no sale": (
        counted("cents >= 0", "sale"),
        A + "where: unknown name 'cents'; expected one of left, day, age, after_first_day, new_day_left",
    ),
    "words of a sale": (
        counted("channel == PHONE", "sale"),
        A + "where: unknown name 'channel'; expected one of left, day, age, after_first_day, new_day_left",
    ),
    "absent left": (
        counted("", "sale", how="sum", value="left"),
        A + "left is -1 where it is absent; expected where='left >= 0', alone or joined by 'and'",
    ),
    "unmatched of another type": (
        causal(kind="unmatched", event_type="purchase", of="", days=None),
        C + "expected event_type='return' and no other type: only returns are charged to sales",
    ),
    "unknown event type": (
        counted(event_type="vist"),
        A + f"unknown event type 'vist'; expected one of {TYPES} (did you mean visit?)",
    ),
    "unknown event column": (
        counted("cent >= 0"),
        A + "where: unknown name 'cent'; expected one of day, age, cents, satisfaction, loyalty, channel, goal, "
        "outcome (did you mean cents?)",
    ),
    "causal column of another type": (
        counted("new_day == 1"),
        A + "where: unknown name 'new_day'; expected one of day, age, cents, satisfaction, loyalty, channel, goal, "
        "outcome (did you mean day?)",
    ),
    "code of another column": (
        counted("channel == ORDERED"),
        A + "where: 'channel == ORDERED': ORDERED is no channel of this event type; expected one of FACE_TO_FACE, "
        "PHONE, EMAIL",
    ),
    "code of another event type": (
        counted("channel == PHONE", "incentive"),
        A + "where: 'channel == PHONE': PHONE is no channel of this event type; expected one of COUPON, DISCOUNT, "
        "POINTS, RATE",
    ),
    "misspelt code": (
        counted("channel == FONE"),
        A + "where: 'channel == FONE': FONE is no channel of this event type; expected one of FACE_TO_FACE, PHONE, "
        "EMAIL (did you mean PHONE?)",
    ),
    "position instead of a code": (
        counted("channel == 1"),
        A + "where: 'channel == 1': expected a word of channel, FACE_TO_FACE, PHONE, EMAIL, or 255 for none",
    ),
    "order of words": (counted("channel < PHONE"), A + "where: 'channel < PHONE' orders words; expected == or !="),
    "free text": (
        counted("channel == WEB", "purchase"),
        A + "where: 'channel == WEB': channel is free text for this event type and not kept; expected no use of it",
    ),
    "sum of words": (
        counted(how="sum", value="channel"),
        A + "value: channel holds words; expected a comparison with one of them by == or !=",
    ),
    "a code by itself": (
        counted("PHONE"),
        A + "where: unknown name 'PHONE'; expected one of day, age, cents, satisfaction, loyalty, channel, goal, "
        "outcome",
    ),
    "no condition": (counted("cents"), A + "where: 'cents' is a number; expected a condition"),
    "a number among conditions": (
        counted("cents >= 0 and age"),
        A + "where: 'age' is a number; expected a condition",
    ),
    "a condition as a value": (
        counted(how="sum", value="age > 3"),
        A + "value: 'age > 3' is a condition; expected a number",
    ),
    "syntax": (
        counted("cents >= "),
        A + "where: 'cents >= ' cannot be read; expected an expression like 'cents >= 0'",
    ),
    "two lines": (
        counted("cents >= 0\nage < 3"),
        A + "where: 'cents >= 0\\nage < 3' cannot be read; expected an expression like 'cents >= 0'",
    ),
    "assignment": (
        counted("cents = 0"),
        A + "where: 'cents = 0' cannot be read; expected an expression like 'cents >= 0'",
    ),
    "a chain": (
        counted("0 < age < 5"),
        A + "where: '0 < age < 5' chains comparisons; expected two joined by 'and'",
    ),
    "division of events": (
        counted("cents / 100 > 5"),
        A + "where: 'cents / 100' is not allowed here; expected names, whole numbers below 2^53, + - * and comparisons",
    ),
    "a float": (
        counted("age <= 1.5"),
        A + "where: '1.5' is not allowed here; expected names, whole numbers below 2^53, + - * and comparisons",
    ),
    "a text": (
        counted("channel == 'phone'"),
        A + "where: \"channel == 'phone'\": expected a word of channel, FACE_TO_FACE, PHONE, EMAIL, or 255 for none",
    ),
    "code that runs": (
        counted("__import__('os')"),
        A + "where: \"__import__('os')\" calls a function; allowed here: none",
    ),
    "an attribute": (
        counted("age.real > 1"),
        A + "where: 'age.real' is not allowed here; expected names, whole numbers below 2^53, + - * and comparisons",
    ),
    "unknown how": (
        counted(how="mean"),
        A + "unknown how 'mean'; expected one of count, sum, min, max, last, median (did you mean median?)",
    ),
    "absent amounts in a sum": (
        counted(event_type="purchase", how="sum", value="cents"),
        A + "cents is -1 where it is absent; expected where='cents >= 0', alone or joined by 'and'",
    ),
    "absent ratings in an either-or": (
        counted("satisfaction >= 0 or age < 9", how="max", value="satisfaction", empty=-1),
        A + "satisfaction is -1 where it is absent; expected where='satisfaction >= 0', alone or joined by 'and'",
    ),
    "a median without gap": (
        counted(event_type="purchase", how="median", value="gap"),
        A + "gap is 0 where there is no gap; expected where='gap > 0', alone or joined by 'and'",
    ),
    "a negative empty of a count": (counted(empty=-1), A + "empty=-1; expected 0, the count of nothing"),
    "an empty above the values of a max": (
        counted(how="max", value="day"),
        A + "empty=0 is above values that a max must find; expected -25986 or less",
    ),
    "an empty below the values of a min": (
        counted("cents >= 0", "purchase", how="min", value="cents"),
        A + "empty=0 is below values that a min must find; expected 100000000000000 or more",
    ),
    "an empty that is no number": (counted(empty=0.5), A + "empty=0.5; expected a whole number"),
    "an aggregate in capitals": (
        counted(name="CALLS"),
        "family 'calls', aggregate 'CALLS': expected a name of lower-case letters, digits and underscores that begins "
        "with a letter",
    ),
    "an aggregate named like a local variable": (
        counted(name="event_day"),
        "family 'calls', aggregate 'event_day': this name means something else already; expected another name",
    ),
    "an aggregate named like a causal column": (
        counted(name="gap"),
        "family 'calls', aggregate 'gap': this name means something else already; expected another name",
    ),
    "an aggregate named like a word of Python": (
        counted(name="lambda"),
        "family 'calls', aggregate 'lambda': this name means something else already; expected another name",
    ),
    "an aggregate of another family": (
        counted(name="visit_count"),
        "family 'calls', aggregate 'visit_count': family 'visits' has 'visit_count' already; expected another name",
    ),
    "an aggregate twice": (
        Family("calls", 2 * counted().aggregates, ()),
        "family 'calls', aggregate 'calls': this family has 'calls' already; expected another name",
    ),
    "a column of another family": (
        column(name="visit_count"),
        "family 'calls', column 'visit_count': family 'visits' has 'visit_count' already; expected another name",
    ),
    "a column that differs in case": (
        column(name="t"),
        "family 'calls', column 't': family 'purchases' has 'T' already; expected another name",
    ),
    "a column called customer_id": (
        column(name="customer_id"),
        "family 'calls', column 'customer_id': this name means something else already; expected another name",
    ),
    "a column with a space": (
        column(name="all calls"),
        "family 'calls', column 'all calls': expected a name of letters, digits and underscores that begins with a "
        "letter",
    ),
    "a family twice": (
        Family("visits", (), ()),
        "family 'visits', family 'visits': family 'visits' has 'visits' already; expected another name",
    ),
    "misspelt aggregate": (column("cals"), X + "expression: unknown name 'cals'; did you mean calls?"),
    "an event column in a column": (column("age"), X + "expression: unknown name 'age'; did you mean usage_7?"),
    "misspelt aggregate in null_when": (
        column("1 / calls", "cals == 0"),
        X + "null_when: unknown name 'cals'; did you mean calls?",
    ),
    "a function": (
        column("abs(calls)"),
        X + "expression: 'abs(calls)' calls a function; allowed here: sqrt(...)",
    ),
    "a division that is not at the end": (
        column("sums / 100 * calls"),
        X + "expression: 'sums / 100 * calls' multiplies or divides a fraction; expected one division at the end, "
        "like a * b / c",
    ),
    "half a median": (
        column("middle / 2"),
        X + "expression: 'middle / 2' multiplies or divides a fraction; expected one division at the end, like "
        "a * b / c",
    ),
    "whole division": (
        column("sums // 100"),
        X + "expression: 'sums // 100' is not allowed here; expected names, whole numbers below 2^53, + - * / and "
        "comparisons",
    ),
    "a power": (
        column("calls ** 2"),
        X + "expression: 'calls ** 2' is not allowed here; expected names, whole numbers below 2^53, + - * / and "
        "comparisons",
    ),
    "division by 0": (
        column("sums / calls"),
        X + "calls can be 0 where the column is not null; expected a null_when like 'calls == 0'",
    ),
    "a null_when of another aggregate": (
        column("sums / calls", "visit_count == 5"),
        X + "calls can be 0 where the column is not null; expected a null_when like 'calls == 0'",
    ),
    "a division by less one": (
        column("sums / (calls - 1)", "calls == 0"),
        X + "calls - 1 can be 0 where the column is not null; expected a null_when like 'calls - 1 == 0'",
    ),
    "the day of no event": (
        column("as_of_day - last_call"),
        X + "last_call is -10000000 without such an event; expected a null_when for it",
    ),
    "a null_when without words": (
        column(null_when="calls == 0", null_rule="never null"),
        X + "null_when='calls == 0' and null_rule='never null'; expected the condition and its words, or neither",
    ),
    "words without a null_when": (
        column(null_rule="null on Sundays"),
        X + "null_when='' and null_rule='null on Sundays'; expected the condition and its words, or neither",
    ),
    "no meaning": (column(meaning=""), X + "meaning is empty; expected words for docs/columns.md"),
    "a condition as a column": (
        column("calls > 3"),
        X + "expression: 'calls > 3' is a condition; expected a number",
    ),
    "bad covariate": (
        column(covariate="log1"),
        X + "unknown covariate 'log1'; expected one of identity, log1p, log, signed_log1p, logit (did you mean log1p?)",
    ),
    "limits the other way round": (
        column(minimum=5.0, maximum=5.0),
        X + "minimum=5.0 and maximum=5.0; expected a minimum below the maximum",
    ),
    "a maximum of 0": (column(maximum=0), X + "maximum=0; expected a number above 0"),
    "unknown kind": (
        causal(kind="follow"),
        C + "unknown kind 'follow'; expected one of new_day, gap, after_first_day, followed, unmatched "
        "(did you mean followed?)",
    ),
    "causal column of an unknown type": (
        causal(of="visits"),
        C + f"unknown event type 'visits'; expected one of {TYPES} (did you mean visit?)",
    ),
    "followed without days": (causal(days=None), C + "days=None; expected a number for followed"),
    "followed within fewer than no days": (causal(days=-1), C + "days=-1; expected a whole number, 0 or more"),
    "a gap with days": (causal(kind="gap", of=""), C + "days=30; expected none for gap"),
    "a gap of another type": (
        causal(kind="gap", days=None),
        C + "of='visit'; expected none, a gap is one of events of the same type",
    ),
    "a causal column named like an event's": (
        causal(name="cents"),
        "family 'calls', causal column 'cents': this name means something else already; expected another name",
    ),
    "a causal column twice": (
        causal(name="gap"),
        "family 'calls', causal column 'gap of purchase': family 'purchases' has 'gap of purchase' already; expected "
        "another name",
    ),
    "a constraint of an unknown column": (
        Family("calls", (), (), constraints=(Constraint("frequenzy", "T > 1", "is"),)),
        "family 'calls', constraint of 'frequenzy': unknown column; did you mean frequency?",
    ),
    "a constraint with an unknown column": (
        Family("calls", (), (), constraints=(Constraint("T", "recensy > T", "is"),)),
        "family 'calls', constraint of 'T': impossible: unknown name 'recensy'; did you mean recency?",
    ),
    "a constraint that is a number": (
        Family("calls", (), (), constraints=(Constraint("T", "T + 1", "is"),)),
        "family 'calls', constraint of 'T': impossible: 'T + 1' is a number; expected a condition",
    ),
    "a family without a name": (Family("", (), ()), "a family is called ''; expected the words of a heading"),
    "a column among the aggregates": (
        Family("calls", column().columns, ()),  # type: ignore[arg-type]
        f"family 'calls': aggregates={column().columns!r}; expected a tuple of Aggregate",
    ),
    "no tuple": (
        Family("calls", None, ()),  # type: ignore[arg-type]
        "family 'calls': aggregates=None; expected a tuple of Aggregate",
    ),
    "a number for a text": (
        counted(where=3),  # type: ignore[arg-type]
        f"family 'calls', Aggregate {counted(where=3).aggregates[0]!r}: where=3; expected a text",  # type: ignore[arg-type]
    ),
}


@pytest.mark.parametrize(("family", "line"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_definition_is_one_line(family: Family, line: str) -> None:
    """The line names family and part, what was found and what was expected."""
    with pytest.raises(DefinitionError) as caught:
        check_families((*BUILT_IN, family))
    assert str(caught.value) == line


RIGHT: dict[str, Family] = {
    "the built-in ones alone": Family("more", (), ()),
    "a code on the right": counted("PHONE == channel"),
    "no word": counted("outcome != 255"),
    "not": counted("not (age > 3 or goal == LOYALTY)"),
    "a difference of quotients": column("sums / (100 * calls) - sums / 100", "calls == 0"),
    "a root of a quotient": column("sqrt(sums / calls)", "calls == 0"),
    "a median": column("middle"),
    "a null_when that is wider": column("sums / calls", "calls < 2"),
    "a divisor that is never 0": column("sums / (calls + 1)"),
    "an event type without aggregates": Family("calls", (), (), (CausalColumn("two", "usage", "new_day"),)),
    "a min with an empty above all": counted("cents >= 0", "purchase", how="min", value="cents", empty=10**15),
}


@pytest.mark.parametrize("family", RIGHT.values(), ids=list(RIGHT))
def test_a_right_definition_passes(family: Family) -> None:
    """Nothing is refused that every engine can compute."""
    check_families((*BUILT_IN, family))


def test_the_line_says_where_a_family_comes_from() -> None:
    """A family of a plugin is named with the plugin."""
    with pytest.raises(DefinitionError, match=r"^family 'calls' \(plugin acme\), aggregate 'calls': unknown how"):
        check_families([replace(counted(how="mean"), origin="plugin acme")])


def test_a_family_needs_the_families_whose_aggregates_it_reads() -> None:
    """Without the purchases there are no occasions."""
    with pytest.raises(DefinitionError, match="unknown name 'new_day'"):
        check_families([replace(purchases.FAMILY, causal=())])
