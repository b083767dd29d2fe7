"""Charges returns to sales, and generates the code that does so for each customer.

Returns are taken in order of time. A return that names its sale is charged to that sale first, of several purchases of
that reference to the newest. What remains, and a return without a name, is charged to the latest earlier sales that
have something left, the newest first, each up to what is left of it. So what is left of a sale never falls when a
purchase is added, and never rises when a return is added; DESIGN.md has the proof.

The functions are plain Python that Numba compiles too.
"""

from collections.abc import Callable, Mapping, Sequence

from features.definitions.expressions import names_in, parse, translated
from features.definitions.registry import FeatureSet
from features.definitions.specs import NEVER, SALE, Aggregate, CausalColumn

SALE_ROWS = ("_sale_days", "_sale_left", "_open_sales")
"""The rows of scratch space: day and cents left of each purchase (-1 without an amount), and which can be charged."""
NAME_ROWS = ("_sale_names", "_newest", "_older")
"""And of a log in which returns name their sales: the reference of each purchase, and the chains of a hash table."""

AFTER_EVENTS = (
    "_last_day_left = {never}",
    "for j in range(_sales):",
    "    _day = _sale_days[j]",
    "    _left = _sale_left[j]",
    "    _age = as_of_day - _day",
    "    _after_first_day = 1 if _day > _sale_days[0] else 0",
    "    _new_day_left = 1 if _left != 0 and _day > _last_day_left else 0",
    "    if _new_day_left == 1:",
    "        _last_day_left = _day",
)


def charge(
    cents: int, left: list[int], open_sales: list[int], count: int, first_new: int, sales: int
) -> tuple[int, int]:
    """Charge a return to the sales that have something left, the newest first.

    Parameters
    ----------
    cents : int
        What was returned.
    left : sequence of int
        What is left of each sale, in cents; the charge is subtracted.
    open_sales : sequence of int
        Positions of the sales that may have something left, oldest first.
    count : int
        How many of `open_sales` there are.
    first_new, sales : int
        Where the sales begin that are not among them yet, and how many sales there are.

    Returns
    -------
    cents : int
        What found no sale.
    count : int
        How many open sales there are now.

    Examples
    --------
    >>> left, open_sales = [500, 300], [0, 0]
    >>> charge(400, left, open_sales, 0, 0, 2), left
    ((0, 1), [400, 0])
    """
    for sale in range(first_new, sales):
        if left[sale] > 0:
            open_sales[count] = sale
            count += 1
    while cents > 0 and count > 0:
        sale = open_sales[count - 1]
        if left[sale] > cents:
            left[sale] -= cents
            return 0, count
        cents -= left[sale]
        left[sale] = 0
        count -= 1
    return cents, count


def charge_named(
    cents: int,
    name: int,
    left: list[int],
    names: list[int],
    newest: list[int],
    older: list[int],
    first_new: int,
    sales: int,
    slots: int,
) -> int:
    """Charge a return to the sales of a name, the newest first; without an amount it takes all that is left of them.

    Sales are found in a hash table, each of whose slots has a chain of sales, the newest first. Sales of which nothing
    is left are taken out, so that each is passed only once.

    Parameters
    ----------
    cents : int
        What was returned; below 0 without an amount.
    name : int
        The reference of the sale.
    left, names : sequence of int
        What is left of each sale, in cents, and its reference; the charge is subtracted.
    newest, older : sequence of int
        The newest sale of each slot and the next older one of each sale; -1 for none.
    first_new, sales : int
        Where the sales begin that are not in the table yet (-1: there is no table yet), and how many sales there are.
    slots : int
        The size of the table.

    Returns
    -------
    int
        What was not charged; of a return without an amount 0 if anything was, else what was given.

    Examples
    --------
    >>> left, names, newest, older = [500, 300, 200], [7, 7, 8], [0] * 3, [0] * 3
    >>> charge_named(400, 7, left, names, newest, older, -1, 3, 3), left
    (0, [400, 0, 200])
    """
    if first_new < 0:
        first_new = 0
        for slot in range(slots):
            newest[slot] = -1
    for sale in range(first_new, sales):
        if left[sale] > 0:
            slot = names[sale] % slots
            older[sale] = newest[slot]
            newest[slot] = sale
    slot = name % slots
    newer = -1
    sale = newest[slot]
    found = False
    while sale >= 0 and cents != 0:
        next_older = older[sale]
        if left[sale] > 0 and names[sale] == name:
            found = True
            if 0 < cents < left[sale]:
                left[sale] -= cents
                cents = 0
            else:
                if cents > 0:
                    cents -= left[sale]
                left[sale] = 0
        if left[sale] > 0:
            newer = sale
        elif newer < 0:
            newest[slot] = next_older
        else:
            older[newer] = next_older
        sale = next_older
    return 0 if found and cents < 0 else cents


FUNCTIONS: tuple[Callable[..., object], ...] = (charge, charge_named)
"""What the generated code calls."""


def charges_returns(features: FeatureSet) -> bool:
    """Return whether a feature depends on what was charged to sales."""
    return any(a.event_type == SALE for a in features.aggregates) or any(c.kind == "unmatched" for c in features.causal)


def sale_rows(names_sales: bool) -> tuple[str, ...]:
    """Return the rows of scratch space; `names_sales`: returns may name their sales."""
    return SALE_ROWS + (NAME_ROWS if names_sales else ())


def initial_sales(first: int, names_sales: bool) -> list[str]:
    """Return the statements before a customer's first event; the rows of `scratch` begin at `first`."""
    return [
        *("_sales = 0", "_open = 0", "_first_new = 0", "_recount = 0"),
        *(["_first_unnamed = -1"] if names_sales else []),
        *(f"{name} = scratch[{row}]" for row, name in enumerate(sale_rows(names_sales), first)),
    ]


def sale_statements(event_type: str, unmatched: Sequence[str], names_sales: bool) -> list[str]:
    """Return the statements for an event of a type; `unmatched` names the causal columns of that kind."""
    if event_type == "purchase":
        return [
            "_sale_days[_sales] = event_day",
            "_sale_left[_sales] = event_cents",
            *(["_sale_names[_sales] = event_reference"] if names_sales else []),
            "_sales += 1",
            "if event_cents == 0:",
            "    _recount = 1",
        ]
    if event_type == "return":
        named = [
            "if event_sale_reference != 0:",
            "    _charged = charge_named(event_cents, event_sale_reference, _sale_left, _sale_names, _newest, _older, "
            "_first_unnamed, _sales, stop - start)",
            "    _first_unnamed = _sales",
            "else:",
            "    _charged = event_cents",
        ]
        # A return without an amount has -1 cents, which are not charged and so are found to be left.
        return [
            *(named if names_sales else ["_charged = event_cents"]),
            "_unmatched, _open = charge(_charged, _sale_left, _open_sales, _open, _first_new, _sales)",
            "_first_new = _sales",
            "_recount = 1",
            *(f"{name} = 1 if _unmatched != 0 else 0" for name in unmatched),
        ]
    return []


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


def after_events(aggregates: Sequence[Aggregate], updates: Sequence[str], equal: Mapping[str, str]) -> list[str]:
    """Return the statements after the last event: aggregates over sales are gathered anew where that is needed."""
    initial = [f"_{a.name}_count = 0" if a.how == "median" else f"{a.name} = {a.empty}" for a in aggregates]
    loop = [line.format(never=NEVER) for line in AFTER_EVENTS] + [f"    {line}" for line in updates]
    copies = [f"    {name} = {other}" for name, other in equal.items()]
    return [
        "if _recount == 1:",
        *(f"    {line}" for line in (*initial, *loop)),
        *(["else:", *copies] if copies else []),
    ]
