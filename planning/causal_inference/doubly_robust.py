"""Effects of actions not drawn at random, by augmented inverse propensity weighting, and what could be hidden."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from features.errors import TooLittleDataError
from planning.causal_inference.nuisance_models import FEWEST_TREATED, Nuisances, balance, cross_fit, overlap
from planning.causal_inference.randomised_effect import LEVEL, Effect
from training.models.arrays import Floats

Estimand = Literal["ATE", "ATT"]
TRIMMED_BELOW = 0.02
"""Rows with a propensity below it, or above 1 - it, have no counterpart to compare with and are left out."""


@dataclass(frozen=True)
class ObservationalEffect:
    """An estimate that holds if the features name every reason for which customers were treated.

    Attributes
    ----------
    effect : Effect
        `estimate` is the mean over the rows that are kept (ATE), or over the treated of them (ATT).
    estimand : str
    trimmed : int
        Rows left out because their propensity was below .02 or above .98.
    robustness : float
        The share of the outcome's and of the treatment's variation that a hidden reason must explain, both, to bring
        the estimate to 0; `robustness_of_interval` to bring the interval to 0, and 0 where it holds 0 already.
    overlap, balance : pandas.DataFrame
        As the functions of `planning.causal_inference.nuisance_models` return them.
    """

    effect: Effect
    estimand: Estimand
    trimmed: int
    robustness: float
    robustness_of_interval: float
    overlap: pd.DataFrame
    balance: pd.DataFrame


def aipw_effect(
    outcome: ArrayLike,
    treated: ArrayLike,
    features: pd.DataFrame,
    *,
    propensity: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    estimand: Estimand = "ATE",
    level: float = LEVEL,
    seed: int = 0,
) -> ObservationalEffect:
    """Return a doubly robust estimate with cross-fitted boosted trees.

    Parameters
    ----------
    outcome : array-like of float, shape (n,)
    treated : array-like of bool, shape (n,)
    features : pandas.DataFrame of shape (n, columns)
        Known before the treatment; nulls are allowed.
    propensity : array-like of float, shape (n,), optional
        Where it is known by design.
    clusters : array-like, shape (n,), optional
        The customer of each row: folds and standard errors keep a customer's rows together.
    estimand : {"ATE", "ATT"}
    level : float, default .95
    seed : int, default 0
        Of the folds.

    Raises
    ------
    TooLittleDataError
        When a group has fewer than 50 rows, also after trimming.

    References
    ----------
    Robins, Rotnitzky & Zhao (1994), JASA 89(427), 846-866. Chernozhukov et al. (2018), Econometrics Journal 21(1),
    C1-C68. Crump et al. (2009), Biometrika 96(1), 187-199 (trimming). Chernozhukov et al. (2022), "Long story short",
    arXiv 2112.13398 (robustness).
    """
    y, t = np.asarray(outcome, float), np.asarray(treated, bool)
    customers = np.arange(len(y)) if clusters is None else np.asarray(clusters)
    nuisances = cross_fit(y, t, features, propensity=propensity, clusters=customers, seed=seed)
    e = nuisances.propensity
    keep = (e >= TRIMMED_BELOW) & (e <= 1 - TRIMMED_BELOW)
    y, t, e, customers = y[keep], t[keep], e[keep], customers[keep]
    if min(t.sum(), (~t).sum()) < FEWEST_TREATED:
        raise TooLittleDataError(
            f"only {t.sum()} treated and {(~t).sum()} others have a counterpart in the other group, expected at least "
            f"{FEWEST_TREATED} of each: the two differ too much to be compared; leave some customers alone at random"
        )
    kept = Nuisances(e, nuisances.mean_treated[keep], nuisances.mean_control[keep])
    scores, riesz = _scores(y, t, kept, estimand)
    estimate = float(scores.mean())
    if estimand == "ATT":
        scores = scores - (t / t.mean() - 1) * estimate
    error = _clustered_error(scores - estimate, customers)
    reach = float(stats.norm.ppf((1 + level) / 2)) * error
    mean_control = float(np.mean(kept.mean_control + np.where(t, 0, (y - kept.mean_control) / (1 - e))))
    if estimand == "ATT":
        mean_control = float(y[t].mean()) - estimate
    effect = Effect(
        estimate,
        error,
        estimate - reach,
        estimate + reach,
        int(t.sum()),
        int((~t).sum()),
        mean_control + estimate,
        mean_control,
    )
    residual = y - np.where(t, kept.mean_treated, kept.mean_control)
    scale = float(np.sqrt(np.mean(residual**2) * np.mean(riesz**2)))
    return ObservationalEffect(
        effect,
        estimand,
        int((~keep).sum()),
        robustness_value(estimate, scale),
        robustness_value(max(abs(estimate) - reach, 0.0), scale),
        overlap(nuisances.propensity, np.asarray(treated, bool)),
        balance(features[keep], t, e),
    )


def _scores(y: Floats, t: Floats, nuisances: Nuisances, estimand: Estimand) -> tuple[Floats, Floats]:
    """Return the score of each row, whose mean is the estimate, and the weight of its residual in it."""
    e = nuisances.propensity
    if estimand == "ATE":
        return nuisances.pseudo_outcome(y, t), np.where(t, 1 / e, -1 / (1 - e))
    weight = np.where(t, 1.0, -e / (1 - e)) / t.mean()
    return weight * (y - nuisances.mean_control), weight


def _clustered_error(influence: Floats, clusters: ArrayLike) -> float:
    """Return the standard error of a mean whose terms are dependent within a customer."""
    codes = np.unique(np.asarray(clusters), return_inverse=True)[1]
    sums = np.bincount(codes, influence)
    groups = len(sums)
    return float(np.sqrt(groups / (groups - 1) * np.sum(sums**2)) / len(influence))


def robustness_value(estimate: float, scale: float) -> float:
    """Return how strong a hidden reason must be to explain an estimate away.

    Parameters
    ----------
    estimate : float
    scale : float
        Root mean square of the outcome's residual times that of its weight in the estimate. In a linear regression it
        is the ratio of the residual spread of the outcome to that of the treatment.

    Returns
    -------
    float
        The share, 0 to 1, of the residual variation of outcome and treatment that it must explain, both.

    References
    ----------
    Cinelli & Hazlett (2020), Journal of the Royal Statistical Society B 82(1), 39-67, equation 19.

    Examples
    --------
    >>> round(robustness_value(0.5, 2.0), 3), robustness_value(0.0, 2.0)
    (0.221, 0.0)
    """
    ratio = (estimate / scale) ** 2 if scale > 0 else float(estimate != 0) * np.inf
    return 1.0 if np.isinf(ratio) else float((np.sqrt(ratio**2 + 4 * ratio) - ratio) / 2)
