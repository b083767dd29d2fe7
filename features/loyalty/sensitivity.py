"""Who changes band when a weight of the rule moves: the answer to "how much do our weights matter?"."""

from dataclasses import replace

import numpy as np
import pandas as pd

from features.errors import InvalidArgumentError
from features.loyalty.formula import Formula
from features.loyalty.scoring import assign_bands, combine_parts, part_scores


def sensitivity(features: pd.DataFrame, formula: Formula, change: float = 0.10) -> pd.DataFrame:
    """How many customers change band when one weight W_i becomes W_i * (1 + change) or W_i * (1 - change).

    Takes the feature table and a share 0 < change < 1. Gives two rows a part, in the formula's order: `part`,
    `change` (signed), `weight` (the moved one), `customers` (those with a score), `changed` = `up` + `down`,
    and `share` (changed / customers, NaN without any). Raises ValueError for another change, FormulaError as
    `score` does.
    """
    if not 0 < change < 1:
        raise InvalidArgumentError(f"change: found {change}, expected a share between 0 and 1; use 0.10 for 10 %")
    parts = part_scores(features, formula)
    before = assign_bands(combine_parts(parts, formula)[0], formula).codes
    customers = int(np.count_nonzero(before >= 0))
    rows = []
    for part in formula.parts:
        for signed in (change, -change):
            moved = change_weight(formula, part.name, signed)
            after = assign_bands(combine_parts(parts, moved)[0], moved).codes
            up, down = int(np.count_nonzero(after > before)), int(np.count_nonzero(after < before))
            share = (up + down) / customers if customers else np.nan
            weight = moved.part(part.name).weight
            rows.append((part.name, signed, weight, customers, up + down, up, down, share))
    names = ["part", "change", "weight", "customers", "changed", "up", "down", "share"]
    return pd.DataFrame(rows, columns=names)


def changed_customers(features: pd.DataFrame, formula: Formula, part: str, change: float) -> pd.DataFrame:
    """The customers who change band when the weight of `part` becomes W * (1 + change), with -1 < change.

    Gives a frame indexed like the feature table, those rows only: `loyalty_score` and `band` as they are,
    `loyalty_score_moved` and `band_moved` with the moved weight, bands as ordered categoricals. Raises
    FormulaError for an unknown part and as `score` does, ValueError for a change of -1 or less.
    """
    parts = part_scores(features, formula)
    moved = change_weight(formula, part, change)
    points, points_moved = combine_parts(parts, formula)[0], combine_parts(parts, moved)[0]
    before, after = assign_bands(points, formula), assign_bands(points_moved, moved)
    changes = before.codes != after.codes
    columns = {
        "loyalty_score": points[changes],
        "loyalty_score_moved": points_moved[changes],
        "band": before[changes],
        "band_moved": after[changes],
    }
    return pd.DataFrame(columns, index=features.index[changes])


def change_weight(formula: Formula, part: str, change: float) -> Formula:
    """The formula with one weight times (1 + change), its version `<version>:<part><change>`."""
    if not change > -1:
        raise InvalidArgumentError(f"change: found {change}, expected more than -1; -0.10 takes 10 % from a weight")
    moved = replace(formula.part(part), weight=formula.part(part).weight * (1 + change))
    parts = tuple(moved if each.name == part else each for each in formula.parts)
    return replace(formula, version=f"{formula.version}:{part}{change:+g}", parts=parts)
