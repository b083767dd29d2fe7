"""What another plan would have brought, from the log of the present one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from planning.uplift.uplift_evaluation import Figure, figure


@dataclass(frozen=True)
class PolicyValue:
    """The mean outcome a customer under another plan.

    Attributes
    ----------
    snips : Figure
        By self-normalised inverse propensities.
    doubly_robust : Figure or None
        With a model of the outcome too; None where none was given.
    effective_sample_size : float
        How many customers logged under the other plan itself would say as much.
    """

    snips: Figure
    doubly_robust: Figure | None
    effective_sample_size: float


def policy_value(
    outcome: ArrayLike,
    propensity: ArrayLike,
    probability: ArrayLike,
    *,
    expected_logged: ArrayLike | None = None,
    expected: ArrayLike | None = None,
) -> PolicyValue:
    """Return the value of another plan from what was done and came of it.

    Parameters
    ----------
    outcome : array-like of float, shape (n,)
    propensity : array-like of float, shape (n,)
        The logged probability of what was done with the customer; above 0.
    probability : array-like of float, shape (n,)
        That of the same under the other plan: 0 or 1 where it leaves nothing to chance.
    expected_logged, expected : array-like of float, shape (n,), optional
        A cross-fitted model's outcome of what was done, and of what the other plan does.

    References
    ----------
    Swaminathan & Joachims (2015), NeurIPS 28 (SNIPS). Dudik, Langford & Li (2011), ICML (doubly robust). Kish (1965),
    Survey Sampling (effective sample size).

    Examples
    --------
    >>> policy = policy_value([4, 2, 1, 1], [.5] * 4, [1, 1, 0, 0])
    >>> policy.snips.value, policy.effective_sample_size
    (3.0, 2.0)
    """
    y, weights = np.asarray(outcome, float), np.asarray(probability, float) / np.asarray(propensity, float)
    n, total = len(y), float(weights.sum())
    if total == 0:
        nothing = Figure(float("nan"), float("inf"), -float("inf"), float("inf"))
        return PolicyValue(nothing, None, 0.0)
    value = float(weights @ y / total)
    snips = figure(value, float(np.sqrt(np.sum((weights * (y - value)) ** 2)) / total))
    robust = None
    if expected is not None and expected_logged is not None:
        terms = np.asarray(expected, float) + weights * (y - np.asarray(expected_logged, float))
        robust = figure(float(terms.mean()), float(terms.std(ddof=1) / np.sqrt(n)))
    return PolicyValue(snips, robust, float(total**2 / (weights @ weights)))
