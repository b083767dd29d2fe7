"""What the page's rule workshop holds: the rule, and for each customer the columns that it reads and the outcome."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from features.loyalty.formula import Formula
from reporting.comparison import Comparison
from reporting.page.rendering import PAGE_CUSTOMERS


def workshop_data(comparison: Comparison, seed: int = 0) -> dict[str, Any]:
    """Return the data of the workshop for JSON.

    Parameters
    ----------
    comparison : Comparison
        The rule and the customers, with their features at the cutoff and their outcome.
    seed : int
        Seed of the sample of at most `PAGE_CUSTOMERS` customers.

    Returns
    -------
    dict
        `formula` (parts, bands and maxima), its `version`, and with a value for each customer `customers` (ids),
        `values` (the columns that the formula reads, in full precision, null where unknown), `purchases` and `spend`.
    """
    chosen = np.arange(len(comparison.features))
    if len(chosen) > PAGE_CUSTOMERS:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, PAGE_CUSTOMERS, replace=False))
    features = comparison.features.iloc[chosen]
    return {
        "formula": formula_data(comparison.formula),
        "version": comparison.formula.version,
        "customers": features.index.astype("str").tolist(),
        "values": {name: _values(features[name]) for name in comparison.formula.columns},
        "purchases": comparison.purchases.iloc[chosen].astype(int).tolist(),
        "spend": [round(value, 2) for value in comparison.spend.iloc[chosen].fillna(0.0).tolist()],
    }


def formula_data(formula: Formula) -> dict[str, Any]:
    """Return parts, bands and maxima of a formula for JSON."""
    return {
        "parts": [asdict(part) for part in formula.parts],
        "bands": [asdict(band) for band in formula.bands],
        "maxima": asdict(formula.maxima),
    }


def _values(column: pd.Series) -> list[float | None]:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan).tolist()
    return [None if value != value else int(value) if value.is_integer() else value for value in values]
