"""The swap set: customers whom one side ranks high and the other does not, and who of them did better."""

import numpy as np
import pandas as pd
from scipy.stats import bootstrap

from training.evaluation.intervals import CONFIDENCE, bootstrap_draws

OUTCOMES = ("purchases", "bought_again", "spend")


def swap_table(customers: pd.DataFrame) -> pd.DataFrame:
    """Return how customers high by the model only and those high by the rule only differ, for each outcome.

    Parameters
    ----------
    customers : pandas.DataFrame
        The customer table of `reporting.customers.customer_table`.

    Returns
    -------
    pandas.DataFrame
        One row for each outcome, or none where nobody is high by one side only: `outcome` (`purchases` in days,
        `bought_again` as a share, and `spend` in currency, if there was any), the means `model_only` and `rule_only`,
        their `difference` (model less rule) and its 95 % interval `low`, `high`, by bootstrap of the two groups; NaN
        where a group has a single customer.
    """
    values = {"purchases": customers["purchases"], "bought_again": ~customers["stayed_away"].astype(bool)}
    values |= {"spend": customers["spend"]} if customers["spend"].sum() > 0 else {}
    rows = []
    for outcome, column in values.items():
        model, rule = (column[customers["quadrant"] == name].to_numpy(float) for name in ("model_only", "rule_only"))
        if not (len(model) and len(rule)):
            continue
        means = float(model.mean()), float(rule.mean())
        rows.append((outcome, *means, means[0] - means[1], *difference_interval(model, rule)))
    return pd.DataFrame(rows, columns=["outcome", "model_only", "rule_only", "difference", "low", "high"])


def difference_interval(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two groups' means, first less second; NaN for groups of one."""
    if min(len(first), len(second)) < 2:
        return float("nan"), float("nan")
    interval = bootstrap(
        (first, second),
        lambda one, other, axis: one.mean(axis) - other.mean(axis),
        n_resamples=5 * bootstrap_draws(len(first) + len(second)),
        batch=20,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(interval.low), float(interval.high)
