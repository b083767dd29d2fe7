"""Rows of a world as columns of equal length."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = dict[str, NDArray[Any]]
"""Columns of equal length by name."""


def where(rows: Rows, chosen: NDArray[Any]) -> Rows:
    """Return the chosen rows, by a mask or by positions."""
    return {name: column[chosen] for name, column in rows.items()}


def join(parts: list[Rows]) -> Rows:
    """Return the rows of all parts."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def in_order(rows: Rows) -> Rows:
    """Return the rows sorted by customer and time."""
    order = np.lexsort((rows["time"], rows["customer"]))
    return where(rows, order)
