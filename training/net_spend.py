"""What is left of the purchases of a window after the returns in it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.as_of import AsOf
from features.engines.charging import charge, charge_named
from features.schema import EVENT_TYPES
from features.store.event_store import EventStore
from features.store.layout import ABSENT, SALE_COLUMNS

PURCHASE, RETURN = EVENT_TYPES.index("purchase"), EVENT_TYPES.index("return")
EARLIEST = ABSENT["known_from"]
"""A time before all others."""


def rows_known(store: EventStore, event_types: Sequence[int], start: int, known_at: AsOf | None) -> NDArray[np.int64]:
    """Return the positions of events of these types from `start` (microseconds, UTC) on.

    They are in the store's order, as known at `known_at`, or as in the whole log without it.
    """
    columns = store.columns
    is_wanted = np.zeros(256, bool)  # a look-up by code takes a tenth of the time of isin
    is_wanted[list(event_types)] = True
    of_window = is_wanted[columns["kind"]] & (columns["time"] >= start)
    return np.flatnonzero(of_window & store.known_events(known_at))


def events(store: EventStore, rows: NDArray[np.int64], *columns: str) -> tuple[NDArray[np.int64], ...]:
    """Return the customer position and some columns of these rows."""
    return np.searchsorted(store.offsets, rows, side="right") - 1, *(store.columns[name][rows] for name in columns)


class Moves(NamedTuple):
    """Purchases and returns, in the store's order, as arrays of one length.

    Attributes
    ----------
    row, customer : ndarray of int64
        Positions in the store.
    kind : ndarray
        `PURCHASE` or `RETURN`.
    day, time, cents : ndarray
        As stored.
    """

    row: NDArray[Any]
    customer: NDArray[Any]
    kind: NDArray[Any]
    day: NDArray[Any]
    time: NDArray[Any]
    cents: NDArray[Any]

    def where(self, wanted: NDArray[np.bool_]) -> "Moves":
        """Return some of them."""
        return Moves(*(column[wanted] for column in self))


def moves_from(store: EventStore, start: int, known_at: AsOf | None) -> Moves:
    """Return the purchases and returns of `rows_known`."""
    rows = rows_known(store, (PURCHASE, RETURN), start, known_at)
    return Moves(rows, *events(store, rows, "kind", "day", "time", "cents"))


def cents_left(store: EventStore, moves: Moves, start: int, end: int, known_at: AsOf | None) -> NDArray[np.int64]:
    """Return what is left, at `end`, of each customer's purchases in `[start, end)` (microseconds, UTC), in cents.

    Returns are charged to the newest purchases first. So those of the window come before older ones, and what is left
    of them together is a balance that purchases raise and returns lower, to 0 at the least: the sum of all signed
    amounts less the lowest running sum, or less 0 where it never was below. Where a return of the window names its
    purchase, all purchases and returns of the customer until the end are gone through instead.

    Parameters
    ----------
    store : EventStore
        A store, or one bucket of it.
    moves : Moves
        Those of the store from `start` to `end`, and of no other time.
    start, end : int
        The window.
    known_at : AsOf or None
        As in `rows_known`.

    Returns
    -------
    numpy.ndarray of int64, shape (customers,)
    """
    left = np.zeros(store.n_customers, np.int64)
    if not len(moves.row):
        return left
    customer = moves.customer
    signed = np.where(moves.kind == PURCHASE, 1, -1) * np.maximum(moves.cents, 0)
    running = np.cumsum(signed)
    first = np.flatnonzero(np.append(True, customer[1:] != customer[:-1]))
    last = np.append(first[1:], len(customer)) - 1
    before = running[first] - signed[first]
    left[customer[first]] = running[last] - np.minimum(np.minimum.reduceat(running, first), before)
    if store.names_sales:
        naming = np.unique(customer[(moves.kind == RETURN) & (store.identity["sale_reference"][moves.row] != 0)])
        left[naming] = _left_by_name(store, naming, start, end, known_at)
    return left


def _left_by_name(
    store: EventStore, customers: NDArray[np.int64], start: int, end: int, known_at: AsOf | None
) -> list[int]:
    """Return the cents left of some customers' purchases in the window, their returns charged one by one."""
    rows = rows_known(store, (PURCHASE, RETURN), EARLIEST, known_at)
    rows = rows[store.columns["time"][rows] < end]
    owner, kind, time, cents = events(store, rows, "kind", "time", "cents")
    names, sale_names = (store.identity[name][rows] for name in SALE_COLUMNS)
    begins, stops = (np.searchsorted(owner, customers, side=side) for side in ("left", "right"))
    out = []
    for begin, stop in zip(begins.tolist(), stops.tolist(), strict=True):
        bought = kind[begin:stop] == PURCHASE
        inside = (time[begin:stop] >= start)[bought].tolist()
        columns = (each[begin:stop].tolist() for each in (cents, names, sale_names))
        left = _charged(bought.tolist(), *columns)
        out.append(sum(max(0, amount) for amount, counts in zip(left, inside, strict=True) if counts))
    return out


def _charged(bought: list[bool], cents: list[int], names: list[int], sale_names: list[int]) -> list[int]:
    """Return what is left of each purchase of a customer, as the generated code of the engines computes it."""
    slots = len(bought)
    left: list[int] = []
    sales: list[int] = []
    open_sales, newest, older = [0] * slots, [0] * slots, [0] * slots
    count, first_unnamed = 0, -1
    for at, (is_purchase, amount, sale_name) in enumerate(zip(bought, cents, sale_names, strict=True)):
        if is_purchase:
            if amount > 0:
                open_sales[count] = len(left)
                count += 1
            left.append(amount)
            sales.append(at)
            continue
        rest = amount
        if sale_name != 0:
            rest = charge_named(amount, sale_name, left, sales, names, newest, older, first_unnamed, len(left), slots)
            first_unnamed = len(left)
        _, count = charge(rest, left, open_sales, count)
    return left
