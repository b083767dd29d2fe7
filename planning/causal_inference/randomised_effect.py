"""The effect of an action, from customers who were left alone at random."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from planning.causal_inference.regression_adjustment import adjusted_differences
from training.models.arrays import Floats

LEVEL = 0.95
WINSORISED_AT = 0.99
"""The quantile of the positive amounts at which spend is cut, since single huge orders decide a mean otherwise."""


@dataclass(frozen=True)
class Effect:
    """A difference in an outcome's mean, treated less left alone, with its confidence interval.

    Attributes
    ----------
    estimate, standard_error : float
        In the outcome's unit.
    low, high : float
        Ends of the interval; infinite where the data exclude nothing.
    n_treated, n_control : int
        Rows of each group.
    mean_treated, mean_control : float
        The groups' means, adjusted where the estimate is.
    """

    estimate: float
    standard_error: float
    low: float
    high: float
    n_treated: int
    n_control: int
    mean_treated: float
    mean_control: float

    @property
    def p_value(self) -> float:
        """Two-sided, of no effect, by the normal approximation; NaN where the standard error is 0."""
        if self.standard_error > 0:
            return float(2 * stats.norm.sf(abs(self.estimate) / self.standard_error))
        return float("nan")

    @property
    def relative(self) -> float:
        """The estimate as a share of the mean of those left alone; NaN where that is not positive."""
        return self.estimate / self.mean_control if self.mean_control > 0 else float("nan")


def randomised_effect(
    outcome: ArrayLike,
    treated: ArrayLike,
    covariates: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    level: float = LEVEL,
) -> Effect:
    """Return the average effect of an assignment that was drawn at random.

    The estimand is the intention to treat: what being chosen for the action changes, whether it was carried out or not.

    Parameters
    ----------
    outcome : array-like of float, shape (n,)
        Not null.
    treated : array-like of bool, shape (n,)
        The group as drawn.
    covariates : array-like of float, shape (n, covariates), optional
        Known before the draw; they narrow the interval and do not move what is estimated.
    weights : array-like of float, shape (n,), optional
        1 / P(this row's group), where it differs between rows.
    clusters : array-like, shape (n,), optional
        The customer of each row, where several rounds are pooled.
    level : float, default .95

    Returns
    -------
    Effect
        The interval has Student's t with Welch's degrees of freedom.

    Raises
    ------
    TooLittleDataError
        When a group has fewer than two customers.

    References
    ----------
    Lin (2013), Annals of Applied Statistics 7(1), 295-318. Imbens & Rubin (2015), Causal Inference, chapter 7.

    Examples
    --------
    >>> effect = randomised_effect([3, 5, 4, 2, 2, 3], [1, 1, 1, 0, 0, 0])
    >>> print(f"{effect.estimate:.2f} from {effect.low:.2f} to {effect.high:.2f}")
    1.67 from -0.38 to 3.72
    """
    adjusted = adjusted_differences(outcome, treated, covariates, weights=weights, clusters=clusters)
    error = float(np.sqrt(adjusted.covariance[0, 0]))
    reach = float(stats.t.ppf((1 + level) / 2, max(adjusted.degrees_of_freedom, 1))) * error
    estimate, (mean_control, mean_treated) = float(adjusted.estimates[0]), adjusted.means[:, 0]
    return Effect(
        estimate,
        error,
        estimate - reach,
        estimate + reach,
        adjusted.counts[1],
        adjusted.counts[0],
        float(mean_treated),
        float(mean_control),
    )


def winsorise(amounts: ArrayLike, at: float = WINSORISED_AT) -> tuple[Floats, float]:
    """Return amounts cut at a quantile of the positive ones, and that quantile.

    Examples
    --------
    >>> winsorise([0, 10, 20, 30, 1000], at=.75)[0].tolist()
    [0.0, 10.0, 20.0, 30.0, 272.5]
    """
    values = np.asarray(amounts, float)
    positive = values[values > 0]
    limit = float(np.quantile(positive, at)) if len(positive) else 0.0
    return np.minimum(values, limit), limit
