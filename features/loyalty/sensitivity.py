"""Sensitivity of the bands to the weights of the formula: which customers change band when a weight changes."""

from dataclasses import replace

import numpy as np
import pandas as pd

from features.errors import InvalidArgumentError
from features.loyalty.formula import Formula
from features.loyalty.scoring import assign_bands, combine_parts, part_scores


def sensitivity(features: pd.DataFrame, formula: Formula, change: float = 0.10) -> pd.DataFrame:
    """Count the customers who change band when one weight is raised or lowered.

    Parameters
    ----------
    features : DataFrame, shape (n_customers, n_features)
        The feature table, with at least `formula.columns`.
    formula : Formula
    change : float
        Share by which each weight is changed, up and down; 0 < change < 1.

    Returns
    -------
    DataFrame, shape (2 n_parts, 8)
        Two rows per part, in the order of the formula, with the columns `part`, `change` (signed), `weight` (the
        changed one), `customers` (those with a score), `changed` = `up` + `down`, `up`, `down`, and `share` (changed /
        customers, NaN without customers).

    Raises
    ------
    InvalidArgumentError
        When `change` is out of range.
    FormulaError
        When a column is absent or not numeric.
    """
    if not 0 < change < 1:
        raise InvalidArgumentError(f"change: found {change}, expected a share between 0 and 1; use 0.10 for 10 %")
    parts = part_scores(features, formula)
    before = assign_bands(combine_parts(parts, formula)[0], formula).codes
    customers = int(np.count_nonzero(before >= 0))
    rows = []
    for part in formula.parts:
        for signed in (change, -change):
            changed = change_weight(formula, part.name, signed)
            after = assign_bands(combine_parts(parts, changed)[0], changed).codes
            up, down = int(np.count_nonzero(after > before)), int(np.count_nonzero(after < before))
            share = (up + down) / customers if customers else np.nan
            weight = changed.part(part.name).weight
            rows.append((part.name, signed, weight, customers, up + down, up, down, share))
    names = ["part", "change", "weight", "customers", "changed", "up", "down", "share"]
    return pd.DataFrame(rows, columns=names)


def changed_customers(features: pd.DataFrame, formula: Formula, part: str, change: float) -> pd.DataFrame:
    """List the customers who change band when the weight of a part becomes W * (1 + change).

    Parameters
    ----------
    features : DataFrame, shape (n_customers, n_features)
        The feature table, with at least `formula.columns`.
    formula : Formula
    part : str
        Name of the part.
    change : float
        More than -1; 0.1 adds 10 %.

    Returns
    -------
    DataFrame, shape (n_changed, 4)
        Indexed like `features`: `loyalty_score` and `band` as they are, `loyalty_score_moved` and `band_moved` with
        the changed weight. Bands are ordered categoricals.

    Raises
    ------
    InvalidArgumentError
        When `change` is out of range.
    FormulaError
        When the part is unknown, or a column is absent or not numeric.
    """
    parts = part_scores(features, formula)
    changed = change_weight(formula, part, change)
    points, points_changed = combine_parts(parts, formula)[0], combine_parts(parts, changed)[0]
    before, after = assign_bands(points, formula), assign_bands(points_changed, changed)
    rows = before.codes != after.codes
    columns = {
        "loyalty_score": points[rows],
        "loyalty_score_moved": points_changed[rows],
        "band": before[rows],
        "band_moved": after[rows],
    }
    return pd.DataFrame(columns, index=features.index[rows])


def change_weight(formula: Formula, part: str, change: float) -> Formula:
    """Return the formula with one weight times (1 + change); its version is `<version>:<part><change>`."""
    if not change > -1:
        raise InvalidArgumentError(f"change: found {change}, expected more than -1; -0.10 takes 10 % from a weight")
    changed = replace(formula.part(part), weight=formula.part(part).weight * (1 + change))
    parts = tuple(changed if other.name == part else other for other in formula.parts)
    return replace(formula, version=f"{formula.version}:{part}{change:+g}", parts=parts)
