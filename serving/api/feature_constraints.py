"""Constraints between the columns of a feature row: impossible rows are refused before a model sees them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from features.definitions import FEATURE_COLUMNS

# Constraints that every row of a feature table meets, in operators that floats and arrays share. NaN is null:
# f["T"] != f["T"] holds when T is null, and every other comparison with NaN is false.
IMPOSSIBLE: tuple[tuple[str, str, Callable[[Mapping[str, Any]], Any]], ...] = (
    ("T", "is null, though purchase_days is above 0", lambda f: (f["T"] != f["T"]) & (f["purchase_days"] > 0)),
    ("T", "is not null, though purchase_days is 0", lambda f: (f["T"] == f["T"]) & (f["purchase_days"] == 0)),
    ("recency", "exceeds T", lambda f: f["recency"] > f["T"]),
    (
        "frequency",
        "is 0 while recency is not, or the other way round",
        lambda f: (f["frequency"] > 0) != (f["recency"] > 0),
    ),
    ("frequency", "exceeds recency, in days", lambda f: f["frequency"] > f["recency"]),
    (
        "frequency",
        "is not below purchase_days",
        lambda f: (f["frequency"] > 0) & (f["frequency"] >= f["purchase_days"]),
    ),
    (
        "gap_mean",
        "is null, though frequency is above 0",
        lambda f: (f["gap_mean"] != f["gap_mean"]) & (f["frequency"] > 0),
    ),
    (
        "gap_mean",
        "is not null, though frequency is 0",
        lambda f: (f["gap_mean"] == f["gap_mean"]) & (f["frequency"] == 0),
    ),
    *(
        (
            name,
            "is null and basket_mean is not, or the other way round",
            lambda f, name=name: (f[name] != f[name]) != (f["basket_mean"] != f["basket_mean"]),
        )
        for name in ("basket_max", "basket_last")
    ),
)
ADVICE = "expected a row that feature_table can give"


RATINGS = tuple(column.name for column in FEATURE_COLUMNS if column.unit == "rating")
"""The columns whose limit is the maximum of the rating scale."""


def impossible_row(features: Mapping[str, float], path: str, rating_maximum: float) -> list[tuple[str, str]]:
    """Return path and detail of each constraint that one row breaks; `path` is the row's."""
    faults = [(f"{path}/{name}", f"{why}; {ADVICE}") for name, why, wrong in IMPOSSIBLE if wrong(features)]
    for name in RATINGS:
        if abs(features[name]) > rating_maximum:
            faults.append((f"{path}/{name}", above_scale(rating_maximum)))
    return faults


def impossible_rows(
    columns: Mapping[str, Any], path: str, maximum: int, rating_maximum: float
) -> list[tuple[str, str]]:
    """Return the first faults of a table, given as arrays by column; `path` has places for `name` and `row`."""
    faults: list[tuple[str, str]] = []
    for name, why, wrong in IMPOSSIBLE:
        rows = np.flatnonzero(wrong(columns))[: maximum - len(faults)]
        faults += [(path.format(name=name, row=row), f"{why}; {ADVICE}") for row in rows]
    for name in RATINGS:
        rows = np.flatnonzero(np.abs(columns[name]) > rating_maximum)[: maximum - len(faults)]
        faults += [(path.format(name=name, row=row), above_scale(rating_maximum)) for row in rows]
    return faults


def above_scale(rating_maximum: float) -> str:
    """Return what was expected of a rating above the maximum of the scale."""
    return f"expected a rating up to {rating_maximum:.15g}, the maximum of the scale in service"
