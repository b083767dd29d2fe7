"""What a plan will be able to show: the smallest effect it can see, and how many customers or rounds more it takes."""

import math

import numpy as np
from scipy import stats

from planning.causal_inference.randomised_effect import LEVEL

POWER = 0.8


def critical_values(level: float = LEVEL, power: float = POWER) -> float:
    """Return by how many standard errors an effect must differ from 0 to be found with this probability.

    Examples
    --------
    >>> round(critical_values(), 3)
    2.802
    """
    return float(stats.norm.ppf((1 + level) / 2) + stats.norm.ppf(power))


def minimum_detectable_effect(
    standard_deviation: float,
    n_treated: float,
    n_control: float,
    *,
    r_squared: float = 0.0,
    mean: float = math.inf,
    level: float = LEVEL,
    power: float = POWER,
) -> float:
    """Return the smallest effect that a comparison finds with this power.

    Parameters
    ----------
    standard_deviation : float
        Of the outcome, a customer.
    n_treated, n_control : float
        Customers of each group.
    r_squared : float, default 0
        The share of the outcome's variance that a forecast made before the plan explains.
    mean : float, optional
        Of the outcome of customers left alone, above 0, where the effect multiplies what customers do, as that on rates
        of purchases does: it multiplies their spread too. Without it both groups spread alike.
    level, power : float

    Returns
    -------
    float
        In the outcome's unit; infinite without customers on both sides, or where an effect of any size is lost in the
        spread that it makes.

    References
    ----------
    Bloom (1995), Evaluation Review 19(5), 547-556.

    Examples
    --------
    >>> round(minimum_detectable_effect(1.0, 800, 200), 3)
    0.221
    >>> round(minimum_detectable_effect(1.0, 800, 200, mean=0.5), 3)
    0.247
    """
    if min(n_treated, n_control) <= 0:
        return math.inf
    variance = critical_values(level, power) ** 2 * standard_deviation**2 * (1 - r_squared)
    treated, control = variance / n_treated, variance / n_control
    # The root of effect^2 = treated (1 + effect / mean)^2 + control.
    left = 1 - treated / mean**2
    if left <= 0:
        return math.inf
    return (treated / mean + math.sqrt((treated / mean) ** 2 + left * (treated + control))) / left


def customers_needed(
    effect: float,
    standard_deviation: float,
    holdout_share: float,
    *,
    r_squared: float = 0.0,
    level: float = LEVEL,
    power: float = POWER,
) -> float:
    """Return how many customers, both groups together, it takes to find an effect with this power.

    Examples
    --------
    >>> customers_needed(0.221, 1.0, 0.2)
    1005
    """
    if effect == 0 or not 0 < holdout_share < 1:
        return float("inf")
    variance = standard_deviation**2 * (1 - r_squared) * (1 / holdout_share + 1 / (1 - holdout_share))
    return int(np.ceil((critical_values(level, power) / effect) ** 2 * variance))


def rounds_needed(effect: float, standard_error: float, *, level: float = LEVEL, power: float = POWER) -> float:
    """Return how many rounds like one with this standard error, with other customers, find an effect.

    Examples
    --------
    >>> rounds_needed(0.1, 0.07)
    4
    """
    if effect == 0 or not np.isfinite(standard_error):
        return float("inf")
    return max(1, int(np.ceil((critical_values(level, power) * standard_error / effect) ** 2)))


def control_needed(
    effect: float, standard_error: float, n_control: int, *, level: float = LEVEL, power: float = POWER
) -> float:
    """Return how many more customers must be left alone to find an effect, the share left alone being as it is.

    Examples
    --------
    >>> control_needed(0.1, 0.07, 100)
    285
    """
    if effect == 0 or not np.isfinite(standard_error):
        return float("inf")
    factor = (critical_values(level, power) * standard_error / effect) ** 2
    return max(0, int(np.ceil((factor - 1) * n_control)))
