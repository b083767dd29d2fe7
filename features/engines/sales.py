"""Generates the code that keeps a customer's sales, has returns charged to them, and gathers what is left."""

from collections.abc import Callable, Mapping, Sequence

from features.definitions.expressions import names_in, parse, translated
from features.definitions.registry import FeatureSet
from features.definitions.specs import NEVER, SALE, Aggregate, CausalColumn
from features.store.layout import KIND_CODES

SALE_ROWS = ("_sale_at", "_sale_left", "_open_sales")
"""Rows of scratch space: the event of each purchase, its cents left (-1 without an amount), which can be charged."""
NAME_ROWS = ("_newest", "_older")
"""And where returns name their sales: the chains of a hash table."""

ADD_SALES = (  # without branches, which would go the wrong way as often as not
    "for j in range(_next, {last}):",
    "    _sale_at[_sales] = j",
    "    _sale_left[_sales] = cents[j]",
    "    _open_sales[_open] = _sales",
    "    _sold = {sold}",
    "    _open += _sold & (cents[j] > 0)",
    "    _sales += _sold",
)
KNOWN = " & (known_from[j] < as_of) & (as_of <= known_until[j])"
SALES = (
    "_last_day = {never}",
    "_last_day_left = {never}",
    "for j in range(_sales):",
    "    _bought = cents[_sale_at[j]]",
    "    _left = _sale_left[j]",
    "    _day = day[_sale_at[j]]",
    "    _new_day = 1 if _day > _last_day else 0",
    "    _last_day = max(_last_day, _day)",
    "    _new_day_left = 1 if _left != 0 and _day > _last_day_left else 0",
    "    if _new_day_left == 1:",
    "        _last_day_left = _day",
    "    if {changed}:",
    "        _age = as_of_day - _day",
    "        _after_first_day = 1 if _day > day[_sale_at[0]] else 0",
)


def charges_returns(features: FeatureSet) -> bool:
    """Return whether a feature depends on what was charged to sales."""
    return any(a.event_type == SALE for a in features.aggregates) or any(c.kind == "unmatched" for c in features.causal)


def sale_rows(names_sales: bool) -> tuple[str, ...]:
    """Return the rows of scratch space; `names_sales`: returns may name their sales."""
    return SALE_ROWS + (NAME_ROWS if names_sales else ())


def initial_sales(first: int, names_sales: bool) -> list[str]:
    """Return the statements before a customer's first event; the rows of `scratch` begin at `first`."""
    return [
        *("_sales = 0", "_open = 0", "_next = start", "_changes = 0"),
        *(["_first_unnamed = -1"] if names_sales else []),
        *(f"{name} = scratch[{row}]" for row, name in enumerate(sale_rows(names_sales), first)),
    ]


def sale_statements(event_type: str, unmatched: Sequence[str], recorded: bool, names_sales: bool) -> list[str]:
    """Return the statements for an event of a type; `unmatched` names the causal columns of that kind."""
    if event_type == "purchase":
        return ["if event_cents == 0:", "    _changes = 1"]
    if event_type == "return":
        named = [
            "if event_sale_reference != 0:",
            "    _charged = charge_named(event_cents, event_sale_reference, _sale_left, _sale_at, reference, _newest, "
            "_older, _first_unnamed, _sales, stop - start)",
            "    _first_unnamed = _sales",
        ]
        # A return without an amount has -1 cents, which are not charged and so are found to be left.
        return [
            *_add_sales("i", recorded),
            "_next = i",
            "_charged = event_cents",
            *(named if names_sales else []),
            "_unmatched, _open = charge(_charged, _sale_left, _open_sales, _open)",
            "_changes = 1",
            *(f"{name} = 1 if _unmatched != 0 else 0" for name in unmatched),
        ]
    return []


def _add_sales(last: str, recorded: bool) -> list[str]:
    """Return the loop that notes the purchases up to an event; customers without returns need none."""
    sold = f"(kind[j] == {KIND_CODES['purchase']}){KNOWN if recorded else ''}"
    if last == "stop":
        sold += " & (time[j] < as_of)"
    return [line.format(last=last, sold=sold) for line in ADD_SALES]


def purchase_columns(features: FeatureSet) -> tuple[Mapping[str, str], tuple[CausalColumn, ...]]:
    """Return which column of a purchase is each of a sale's of which nothing was returned, and those that are missing.

    Without returns the days that have something left are all days, unless a purchase was free.
    """
    texts = [text for a in features.aggregates if a.event_type == SALE for text in (a.value, a.where) if text]
    used = set().union(*(names_in(parse(text)) for text in texts))
    there = {c.kind: c for c in features.causal if c.event_type == c.source == "purchase"}
    needed = {
        name: there.get(c.kind, c)
        for name, c in (
            ("after_first_day", CausalColumn("_after_first_day", "purchase", "after_first_day")),
            ("new_day_left", CausalColumn("_new_day", "purchase", "new_day")),
        )
        if name in used
    }
    missing = tuple(c for c in needed.values() if c not in features.causal)
    return {"left": "cents", **{name: c.name for name, c in needed.items()}}, missing


def equal_aggregates(features: FeatureSet) -> dict[str, str]:
    """Return, of the aggregates over sales, those that an aggregate of purchases equals where nothing was returned."""
    columns, _ = purchase_columns(features)
    of_purchases = {_meaning(a, {}): a.name for a in features.aggregates if a.event_type == "purchase"}
    over_sales = {a.name: _meaning(a, columns) for a in features.aggregates if a.event_type == SALE}
    return {name: of_purchases[key] for name, key in over_sales.items() if key in of_purchases and key[0] != "median"}


def _meaning(a: Aggregate, columns: Mapping[str, str]) -> tuple[str, str, str, int]:
    """Return what an aggregate gathers, in terms of the columns of a purchase."""
    value, where = (
        translated(text, {}, lambda name: columns.get(name, name)) if text else "" for text in (a.value, a.where)
    )
    return a.how, value, where, a.empty


def after_events(
    aggregates: Sequence[Aggregate],
    updates: Callable[[Sequence[Aggregate], Mapping[str, str]], list[str]],
    features: FeatureSet,
    recorded: bool,
) -> list[str]:
    """Return the statements after the last event, which make aggregates over sales as bought those of what is left.

    Of a sale that changed, sums lose what was bought and gain what is left; other aggregates are gathered anew.

    Parameters
    ----------
    aggregates : sequence of Aggregate
        Those over sales.
    updates : callable
        Returns the statements that gather aggregates of a sale, some of its columns under other names.
    features : FeatureSet
    recorded : bool
    """
    sums = [a for a in aggregates if a.how in ("count", "sum")]
    others = [a for a in aggregates if a not in sums]
    bought = {"left": "bought", "new_day_left": "new_day"}
    subtract = [line.replace(" += ", " -= ") for line in updates(sums, bought)]
    add = updates(aggregates, {})
    initial = [f"_{a.name}_count = 0" if a.how == "median" else f"{a.name} = {a.empty}" for a in others]
    changed = "True" if others else "_left != _bought or _new_day_left != _new_day"
    return [
        *(f"{name} = {equal}" for name, equal in equal_aggregates(features).items()),
        "if _changes == 1:",
        *(f"    {line}" for line in (*_add_sales("stop", recorded), *initial)),
        *(f"    {line.format(never=NEVER, changed=changed)}" for line in SALES),
        *(f"            {line}" for line in (*subtract, *add)),
    ]
