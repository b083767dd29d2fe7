"""Purchase histories: frequency, recency and T of a feature table, checked, and their unique rows."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from features.errors import InvalidArgumentError

Array = NDArray[np.float64]
Index = NDArray[np.intp]

COLUMNS = ("frequency", "recency", "T")


def histories(X: pd.DataFrame) -> tuple[Array, Array, Array]:
    """``frequency`` (repeat purchase days), ``recency`` and ``T`` (days) of X, each of shape (n,).

    Raises ``ValueError`` unless the columns are there, none is null or infinite, 0 <= recency <= T, and
    frequency is 0 exactly where recency is.
    """
    frequency, recency, T = columns(X, COLUMNS)
    for name, values in zip(COLUMNS, (frequency, recency, T), strict=True):
        refuse(~np.isfinite(values), f"{name} is null or infinite", "leave out who never bought")
        refuse(values < 0, f"{name} is negative", "expected 0 or more")
    refuse(recency > T, "recency exceeds T", "expected 0 <= recency <= T, in one unit")
    refuse((frequency > 0) != (recency > 0), "only one of frequency and recency is 0", "count days, not rows")
    return frequency, recency, T


def columns(X: pd.DataFrame, names: tuple[str, ...]) -> list[Array]:
    """The named columns of X as float64, nulls as NaN; raises ``ValueError`` for a missing one."""
    expected = f"expected a DataFrame with the columns {', '.join(names)}"
    if not isinstance(X, pd.DataFrame):
        raise TypeError(f"X is a {type(X).__name__}; {expected}")
    if missing := [name for name in names if name not in X.columns]:
        raise InvalidArgumentError(f"X has no column {', '.join(missing)}; {expected}")
    return [X[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in names]


def refuse(bad: NDArray[np.bool_], found: str, expected: str) -> None:
    """Raise ``ValueError`` if any row is bad, with the number of such rows and the first."""
    if bad.any():
        raise InvalidArgumentError(f"{found} in {bad.sum()} rows, the first is row {bad.argmax()}; {expected}")


def horizon(t: ArrayLike, n: int) -> Array:
    """``t`` for each of n rows, from a number or n of them; raises ``ValueError`` unless finite and >= 0."""
    days = np.asarray(t, dtype=np.float64)
    if days.shape not in ((), (n,)):
        raise InvalidArgumentError(f"t has shape {days.shape}; expected a number or one for each of the {n} rows")
    if not (np.isfinite(days) & (days >= 0)).all():
        raise InvalidArgumentError("t has a value that is negative, null or infinite; expected days, 0 or more")
    return np.broadcast_to(days, (n,))


def unique_rows(*arrays: Array) -> tuple[Index, Index]:
    """The positions of one row of each kind, and for each row the number of its kind."""
    if len(arrays[0]) == 1:
        # one customer, as in the service, need not pay for the hashing of many
        return np.zeros(1, dtype=np.intp), np.zeros(1, dtype=np.intp)
    kind, kinds = pd.factorize(arrays[0])
    for column in arrays[1:]:
        code, values = pd.factorize(column)
        kind, kinds = pd.factorize(kind * len(values) + code)  # type: ignore[arg-type]  # stubs of floats
    position = np.empty(len(kinds), dtype=np.intp)
    position[kind] = np.arange(len(kind))
    return position, kind


def on_unique_rows(function: Callable[..., Array], *arrays: Array) -> Array:
    """``function(*arrays)``, computed once for each kind of row."""
    position, kind = unique_rows(*arrays)
    return function(*(column[position] for column in arrays))[kind]
