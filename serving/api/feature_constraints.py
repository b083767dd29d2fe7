"""Constraints between the columns of a feature row: impossible rows are refused before a model sees them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from features.definitions import FEATURE_COLUMNS
from features.definitions.constraints import row_condition
from features.definitions.registry import default_features

IMPOSSIBLE = tuple((c.column, c.detail, row_condition(c.impossible)) for c in default_features().constraints)
"""Column, words and function of each constraint that the definitions of features state."""
ADVICE = "expected a row that feature_table can give"


RATINGS = tuple(column.name for column in FEATURE_COLUMNS if column.unit == "rating")
"""The columns whose limit is the maximum of the rating scale."""


def impossible_row(features: Mapping[str, float], path: str, rating_maximum: float) -> list[tuple[str, str]]:
    """Return path and detail of each constraint that one row breaks; `path` has a place for `name`."""
    faults = [(path.format(name=name), f"{why}; {ADVICE}") for name, why, wrong in IMPOSSIBLE if wrong(features)]
    for name in RATINGS:
        if abs(features[name]) > rating_maximum:
            faults.append((path.format(name=name), above_scale(rating_maximum)))
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
