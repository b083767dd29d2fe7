"""The effect on those for whom an action was carried out because it was planned: the complier average causal effect."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from planning.causal_inference.randomised_effect import LEVEL, Effect
from planning.causal_inference.regression_adjustment import adjusted_differences
from training.models.arrays import Floats


def complier_effect(
    outcome: ArrayLike,
    assigned: ArrayLike,
    received: ArrayLike,
    covariates: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    level: float = LEVEL,
) -> Effect:
    """Return the effect of an action where being planned decided whether it was carried out.

    The intention-to-treat effect divided by the difference the plan made to the share carried out. Whoever skips an
    action may differ in any way from who carries it out; what is assumed is that a plan that is not carried out changes
    nothing, and that nobody does less for being planned.

    Parameters
    ----------
    outcome : array-like of float, shape (n,)
    assigned, received : array-like of bool, shape (n,)
        As drawn, and as carried out; customers left alone may have been visited all the same.
    covariates, weights, clusters, level
        As in `randomised_effect`.

    Returns
    -------
    Effect
        `estimate` is NaN where the plan moved nothing. The interval is Anderson and Rubin's, which holds however few
        comply; it is unbounded where the data do not show that any did. `standard_error` is by the delta method, and
        `mean_treated` is `mean_control` plus the estimate.

    References
    ----------
    Imbens & Angrist (1994), Econometrica 62(2), 467-475. Anderson & Rubin (1949), Annals of Mathematical Statistics
    20(1), 46-63.

    Examples
    --------
    >>> assigned, received = [1] * 10 + [0] * 10, [1] * 5 + [0] * 15
    >>> outcome = [4, 5, 4, 5, 4, 2, 1, 2, 1, 2] + [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]
    >>> round(complier_effect(outcome, assigned, received).estimate, 2)
    3.0
    """
    both = np.column_stack([np.asarray(outcome, float), np.asarray(received, float)])
    adjusted = adjusted_differences(both, assigned, covariates, weights=weights, clusters=clusters)
    (difference, complied), v = adjusted.estimates, adjusted.covariance
    critical = float(stats.t.ppf((1 + level) / 2, max(adjusted.degrees_of_freedom, 1)))
    low, high = _interval(difference, complied, v, critical)
    estimate = difference / complied if complied else np.nan
    spread = v[0, 0] - 2 * estimate * v[0, 1] + estimate**2 * v[1, 1]
    error = np.sqrt(max(spread, 0)) / abs(complied) if complied else np.inf
    mean_control = float(adjusted.means[0, 0])
    return Effect(
        float(estimate),
        float(error),
        low,
        high,
        adjusted.counts[1],
        adjusted.counts[0],
        float(mean_control + estimate),
        mean_control,
    )


def _interval(difference: float, complied: float, v: Floats, critical: float) -> tuple[float, float]:
    """Return where (difference - b complied)^2 <= critical^2 var(difference - b complied), as the smallest interval."""
    a = complied**2 - critical**2 * v[1, 1]
    b = difference * complied - critical**2 * v[0, 1]
    c = difference**2 - critical**2 * v[0, 0]
    root = b * b - a * c
    if a <= 0 or root < 0:
        return -np.inf, np.inf
    return float((b - np.sqrt(root)) / a), float((b + np.sqrt(root)) / a)
