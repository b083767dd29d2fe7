"""Charges returns to sales: functions that the generated code calls, in plain Python that Numba compiles too.

Returns are taken in order of time. A return that names its sale is charged to that sale first, of several purchases of
that reference to the newest. What remains, and a return without a name, is charged to the latest earlier sales that
have something left, the newest first, each up to what is left of it. So what is left of a sale never falls when a
purchase is added, and never rises when a return is added; DESIGN.md has the proof.
"""

from collections.abc import Callable


def charge(cents: int, left: list[int], open_sales: list[int], count: int) -> tuple[int, int]:
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

    Returns
    -------
    cents : int
        What found no sale.
    count : int
        How many sales may still have something left.

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


def charge_named(
    cents: int,
    name: int,
    left: list[int],
    sale_at: list[int],
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
    left, sale_at : sequence of int
        What is left of each sale, in cents, and which event it is; the charge is subtracted.
    names : sequence of int
        The reference of each event.
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
    >>> left, events, names, newest, older = [500, 300, 200], [0, 1, 2], [7, 7, 8], [0] * 3, [0] * 3
    >>> charge_named(400, 7, left, events, names, newest, older, -1, 3, 3), left
    (0, [400, 0, 200])
    """
    if first_new < 0:
        first_new = 0
        for slot in range(slots):
            newest[slot] = -1
    for sale in range(first_new, sales):
        if left[sale] > 0:
            slot = names[sale_at[sale]] % slots
            older[sale] = newest[slot]
            newest[slot] = sale
    slot = name % slots
    newer = -1
    sale = newest[slot]
    found = False
    while sale >= 0 and cents != 0:
        next_older = older[sale]
        if left[sale] > 0 and names[sale_at[sale]] == name:
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
