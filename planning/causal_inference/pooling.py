"""Effects of several actions or rounds together: each shrunk to their common mean as far as they agree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from features.errors import InvalidArgumentError
from planning.causal_inference.randomised_effect import Effect
from training.models.arrays import Floats


@dataclass(frozen=True)
class PooledEffect:
    """Effects pooled by a random-effects model.

    Attributes
    ----------
    mean, standard_error : float
        Of the distribution that the effects come from.
    spread : float
        Standard deviation of the true effects between actions or rounds (tau).
    shrunk, shrunk_errors : ndarray of shape (effects,)
        The best guess of each effect, and its standard error.
    """

    mean: float
    standard_error: float
    spread: float
    shrunk: Floats
    shrunk_errors: Floats


def pooled_effect(effects: Sequence[Effect]) -> PooledEffect:
    """Return the effects pooled, with the spread between them by restricted maximum likelihood.

    Raises
    ------
    InvalidArgumentError
        Without any effect that has a finite standard error above 0.

    References
    ----------
    DerSimonian & Laird (1986), Controlled Clinical Trials 7(3), 177-188. Viechtbauer (2005), Journal of Educational and
    Behavioral Statistics 30(3), 261-293 (REML). Gelman et al. (2013), Bayesian Data Analysis, 5.4 (shrinkage).

    Examples
    --------
    >>> pooled = pooled_effect([Effect(e, .1, 0, 0, 9, 9, 0, 0) for e in (.1, .3)])
    >>> round(pooled.mean, 3), round(pooled.spread, 3)
    (0.2, 0.1)
    """
    estimates = np.array([each.estimate for each in effects])
    variances = np.array([each.standard_error for each in effects]) ** 2
    if not len(estimates) or not (np.isfinite(variances) & (variances > 0) & np.isfinite(estimates)).all():
        raise InvalidArgumentError("expected effects with finite standard errors above 0")
    between = _between_variance(estimates, variances)
    weights = 1 / (variances + between)
    mean = float(np.average(estimates, weights=weights))
    error = float(weights.sum() ** -0.5)
    kept = between / (between + variances)
    shrunk = kept * estimates + (1 - kept) * mean
    errors = np.sqrt(kept * variances + ((1 - kept) * error) ** 2)
    return PooledEffect(mean, error, float(np.sqrt(between)), shrunk, errors)


def _between_variance(estimates: Floats, variances: Floats) -> float:
    """Return the variance between true effects that maximises the restricted likelihood, 0 or more."""
    if len(estimates) < 2:
        return 0.0

    def loss(between: float) -> float:
        weights = 1 / (variances + between)
        mean = np.average(estimates, weights=weights)
        terms = np.log(variances + between).sum() + np.log(weights.sum()) + (weights * (estimates - mean) ** 2).sum()
        return float(terms)

    upper = float(np.ptp(estimates) ** 2 + variances.max())
    minimum = optimize.minimize_scalar(loss, bounds=(0, upper), method="bounded", options={"xatol": upper * 1e-7})
    return float(minimum.x) if minimum.fun < loss(0.0) else 0.0
