"""Input checks of the buy-till-you-die models: frequency, recency and T; and unique rows."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from features.errors import InvalidArgumentError
from training.models.arrays import Flags, Floats, Index

COLUMNS = ("frequency", "recency", "T")
LIMIT = 1e12
"""Larger counts and times are faults of the data; the forecasts are finite up to it."""


def rfm_columns(X: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Return frequency (repeat purchase days), recency and T (days) of X, each float64 of shape (n,).

    Raises
    ------
    InvalidArgumentError
        A column is missing, a value is null, infinite, negative or above `LIMIT`, a frequency is not a whole number,
        recency exceeds T, or only one of frequency and recency is 0.
    """
    frequency, recency, T = float_columns(X, COLUMNS)
    for name, values in zip(COLUMNS, (frequency, recency, T), strict=True):
        refuse(~np.isfinite(values), f"{name} is null or infinite", "leave out who never bought")
        refuse(values < 0, f"{name} is negative", "expected 0 or more")
        refuse(values > LIMIT, f"{name} is above {LIMIT:g}", "expected days")
    refuse_fractions(frequency)
    refuse(recency > T, "recency exceeds T", "expected 0 <= recency <= T, in one unit")
    refuse((frequency > 0) != (recency > 0), "only one of frequency and recency is 0", "count days, not rows")
    return frequency, recency, T


def float_columns(X: pd.DataFrame, names: tuple[str, ...]) -> list[Floats]:
    """Return the named columns of X as float64, null as NaN; raises InvalidArgumentError for a missing one."""
    expected = f"expected a DataFrame with the columns {', '.join(names)}"
    if not isinstance(X, pd.DataFrame):
        raise TypeError(f"X is a {type(X).__name__}; {expected}")
    if missing := [name for name in names if name not in X.columns]:
        raise InvalidArgumentError(f"X has no column {', '.join(missing)}; {expected}")
    return [X[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in names]


def refuse(bad: Flags, problem: str, expected: str) -> None:
    """Raise InvalidArgumentError if any row is bad, with the number of such rows and the first."""
    if bad.any():
        raise InvalidArgumentError(f"{problem} in {bad.sum()} rows, the first is row {bad.argmax()}; {expected}")


def refuse_fractions(frequency: Floats) -> None:
    """Raise InvalidArgumentError if a frequency is not a whole number: the models count repeat purchase days."""
    refuse(frequency != np.floor(frequency), "frequency is not a whole number", "count repeat purchase days")


def unique_rows(*arrays: Floats) -> tuple[Index, Index]:
    """Return the position of one row of each kind, and the number of its kind for each row."""
    if len(arrays[0]) == 1:
        # A single customer, as in the service, need not pay for the hashing of many.
        return np.zeros(1, dtype=np.intp), np.zeros(1, dtype=np.intp)
    kind, kinds = pd.factorize(arrays[0])
    for column in arrays[1:]:
        code, values = pd.factorize(column)
        kind, kinds = pd.factorize(kind * len(values) + code)  # type: ignore[arg-type]  # stubs of floats
    position = np.empty(len(kinds), dtype=np.intp)
    position[kind] = np.arange(len(kind))
    return position, kind


def on_unique_rows(function: Callable[..., Floats], *arrays: Floats) -> Floats:
    """Return `function(*arrays)`, computed once for each kind of row."""
    position, kind = unique_rows(*arrays)
    return function(*(column[position] for column in arrays))[kind]
