"""Charges returns to sales, and generates the code that does so for each customer.

Returns are taken in order of time. Each is charged to the latest earlier sales that have something left, the newest
first, each up to what is left of it. So what is left of a sale never falls when a purchase is added, and never rises
when a return is added; DESIGN.md has the proof.

The functions are plain Python that Numba compiles too.
"""

from collections.abc import Callable, Sequence

from features.definitions.registry import FeatureSet
from features.definitions.specs import NEVER, SALE

SALE_ROWS = ("_sale_days", "_sale_left", "_open_sales")
"""The rows of scratch space: day and cents left of each purchase (-1 without an amount), and which can be charged."""

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


def charge(cents: int, left: list[int], open_sales: list[int], count: int) -> tuple[int, int]:
    """Charge a return to the sales that have something left, the newest first.

    Parameters
    ----------
    cents : int
        What was returned.
    left : sequence of int
        What is left of each sale, in cents; the charge is subtracted.
    open_sales : sequence of int
        Positions of the sales with something left, oldest first.
    count : int
        How many of `open_sales` there are.

    Returns
    -------
    cents : int
        What found no sale.
    count : int
        How many sales still have something left.

    Examples
    --------
    >>> left = [500, 300]
    >>> charge(400, left, [0, 1], 2), left
    ((0, 1), [400, 0])
    """
    while cents > 0 and count > 0:
        sale = open_sales[count - 1]
        if left[sale] > cents:
            left[sale] -= cents
            return 0, count
        cents -= left[sale]
        left[sale] = 0
        count -= 1
    return cents, count


FUNCTIONS: tuple[Callable[..., object], ...] = (charge,)
"""What the generated code calls."""


def charges_returns(features: FeatureSet) -> bool:
    """Return whether a feature depends on what was charged to sales."""
    return any(a.event_type == SALE for a in features.aggregates) or any(c.kind == "unmatched" for c in features.causal)


def initial_sales(first: int) -> list[str]:
    """Return the statements before a customer's first event; the rows of `scratch` begin at `first`."""
    return [
        "_sales = 0",
        "_open = 0",
        *(f"{name} = scratch[{row}]" for row, name in enumerate(SALE_ROWS, first)),
    ]


def sale_statements(event_type: str, unmatched: Sequence[str]) -> list[str]:
    """Return the statements for an event of a type; `unmatched` names the causal columns of that kind."""
    if event_type == "purchase":
        return [
            "_sale_days[_sales] = event_day",
            "_sale_left[_sales] = event_cents",
            "if event_cents > 0:",
            "    _open_sales[_open] = _sales",
            "    _open += 1",
            "_sales += 1",
        ]
    if event_type == "return":
        # A return without an amount has -1 cents, which are not charged and so are found to be left.
        return [
            "_unmatched, _open = charge(event_cents, _sale_left, _open_sales, _open)",
            *(f"{name} = 1 if _unmatched != 0 else 0" for name in unmatched),
        ]
    return []


def loop_over_sales(updates: Sequence[str]) -> list[str]:
    """Return the loop after the last event in which the aggregates over sales are gathered."""
    return [line.format(never=NEVER) for line in AFTER_EVENTS] + [f"    {line}" for line in updates]
