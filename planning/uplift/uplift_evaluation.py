"""How well effects predicted for each customer order and match what was seen; and what another plan would have brought.

Everything is computed from one score a customer (`Nuisances.pseudo_outcome`), whose mean over any group is unbiased for
the group's average effect, so that figures of different learners and libraries are on one scale.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from planning.causal_inference.nuisance_models import Nuisances
from planning.causal_inference.randomised_effect import LEVEL
from training.models.arrays import Floats


@dataclass(frozen=True)
class Figure:
    """A value with its standard error and 95 % interval."""

    value: float
    standard_error: float
    low: float
    high: float


def effect_scores(outcome: ArrayLike, treated: ArrayLike, propensity: ArrayLike | float) -> Floats:
    """Return the score of each row without a model of the outcome: inverse propensities about the groups' means.

    Examples
    --------
    >>> effect_scores([1, 0, 0, 0], [1, 1, 0, 0], .5).tolist()
    [1.5, -0.5, 0.5, 0.5]
    """
    y, t = np.asarray(outcome, float), np.asarray(treated, bool)
    e = np.broadcast_to(np.asarray(propensity, float), y.shape)
    means = [np.full(len(y), np.average(y[side], weights=1 / np.where(t, e, 1 - e)[side])) for side in (t, ~t)]
    return Nuisances(e, means[0], means[1]).pseudo_outcome(y, t)


def qini(scores: ArrayLike, effects: ArrayLike) -> Figure:
    """Return the area between the gain curve and that of a random order, in outcomes a customer.

    The curve is the effect on the share q with the highest predicted effects, times q.

    Parameters
    ----------
    scores : array-like of float, shape (n,)
        The score of each customer, as `effect_scores` or `Nuisances.pseudo_outcome` gives it.
    effects : array-like of float, shape (n,)
        As predicted by a model that has not seen these customers. Equal ones count as ordered at random.

    References
    ----------
    Radcliffe (2007), Direct Marketing Analytics Journal 1, 14-21.

    Examples
    --------
    >>> round(qini([2, 2, 0, 0], [.9, .8, .1, .2]).value, 3)
    0.25
    """
    return _weighted(scores, effects, lambda rank: 0.5 - rank, lambda rank: np.full_like(rank, -1.0))


def auuc(scores: ArrayLike, effects: ArrayLike) -> Figure:
    """Return the area under the gain curve: `qini` and half the average effect.

    Examples
    --------
    >>> round(auuc([2, 2, 0, 0], [.9, .8, .1, .2]).value, 3)
    0.75
    """
    return _weighted(scores, effects, lambda rank: 1 - rank, lambda rank: np.full_like(rank, -1.0))


def rate(scores: ArrayLike, effects: ArrayLike) -> Figure:
    """Return the rank-weighted average treatment effect AUTOC: the gain over the mean, averaged over shares treated.

    It weighs the best few customers more than `qini` does.

    References
    ----------
    Yadlowsky et al. (2025), Journal of the American Statistical Association 120(549), 38-51.

    Examples
    --------
    >>> round(rate([2, 2, 0, 0], [.9, .8, .1, .2]).value, 2)
    0.53
    """
    return _weighted(scores, effects, lambda rank: -np.log(rank) - 1, lambda rank: -1 / rank)


def qini_difference(scores: ArrayLike, effects: ArrayLike, others: ArrayLike) -> Figure:
    """Return the Qini of one order less that of another, of the same customers.

    Parameters
    ----------
    scores, effects : array-like of float, shape (n,)
        As in `qini`.
    others : array-like of float, shape (n,)
        What the other order follows, the highest first.

    Examples
    --------
    >>> round(qini_difference([2, 2, 0, 0], [.9, .8, .1, .2], [.1, .2, .8, .9]).value, 3)
    0.5
    """
    influences = [
        _influence(scores, each, lambda rank: 0.5 - rank, lambda rank: np.full_like(rank, -1.0))
        for each in (effects, others)
    ]
    difference = influences[0][1] - influences[1][1]
    return figure(influences[0][0] - influences[1][0], float(np.std(difference) / np.sqrt(len(difference))))


def _weighted(
    scores: ArrayLike, effects: ArrayLike, weight: Callable[[Floats], Floats], slope: Callable[[Floats], Floats]
) -> Figure:
    """Return the mean of score times a weight of the rank share (0 the highest effect), with its standard error."""
    value, influence = _influence(scores, effects, weight, slope)
    return figure(value, float(np.std(influence) / np.sqrt(len(influence))))


def _influence(
    scores: ArrayLike, effects: ArrayLike, weight: Callable[[Floats], Floats], slope: Callable[[Floats], Floats]
) -> tuple[float, Floats]:
    """Return the weighted mean and its influence function at each customer, which counts that ranks are estimated."""
    order = np.argsort(-np.asarray(effects, float), kind="stable")
    score, effect = np.asarray(scores, float)[order], np.asarray(effects, float)[order]
    n = len(score)
    shares = (np.arange(n) + 0.5) / n
    starts = np.r_[True, effect[1:] != effect[:-1]]
    group = np.cumsum(starts) - 1
    size = np.bincount(group)
    weights, slopes = (np.bincount(group, function(shares))[group] / size[group] for function in (weight, slope))
    value = float(np.mean(score * weights))
    pull = score * slopes / n
    # How the rank of everybody at or below a customer moves with the customer's own presence.
    below = np.cumsum(pull[::-1])[::-1]
    within = np.bincount(group, pull)[group]
    last = np.r_[np.flatnonzero(starts)[1:], n] - 1
    below = np.r_[below, 0.0][last[group] + 1] + within / 2
    influence = np.empty(n)
    influence[order] = score * weights + below - np.sum(pull * shares) - value
    return value, influence


def figure(value: float, error: float) -> Figure:
    """Return a value with its normal 95 % interval."""
    reach = float(stats.norm.ppf((1 + LEVEL) / 2)) * error
    return Figure(value, error, value - reach, value + reach)


@dataclass(frozen=True)
class Calibration:
    """Foretold against seen effects.

    Attributes
    ----------
    slope : Figure
        Of the seen on the predicted: 1 is right, below 1 the differences between customers are overstated, 0 they say
        nothing.
    groups : pandas.DataFrame
        `customers, predicted, seen, low, high`, a row a group of equally many, the lowest predicted first.
    """

    slope: Figure
    groups: pd.DataFrame


def calibration(scores: ArrayLike, effects: ArrayLike, groups: int = 5) -> Calibration:
    """Return how the effects seen follow those predicted, by a regression with HC1 errors and in groups.

    References
    ----------
    Chernozhukov et al. (2018), "Generic machine learning inference", NBER 24678 (best linear predictor).

    Examples
    --------
    >>> round(calibration([2, 2.2, 0, -.2], [2, 2, 0, 0], 2).slope.value, 3)
    1.1
    """
    score, effect = np.asarray(scores, float), np.asarray(effects, float)
    x = effect - effect.mean()
    total = float(x @ x)
    if total > 0:
        value = float(x @ score / total)
        residual = score - score.mean() - value * x
        error = float(np.sqrt(np.sum((x * residual) ** 2) * len(x) / (len(x) - 2)) / total)
    else:
        value, error = float("nan"), float("nan")
    order = np.argsort(effect, kind="stable")
    rows = []
    for part in np.array_split(order, min(groups, len(order))):
        seen = figure(float(score[part].mean()), float(score[part].std(ddof=1) / np.sqrt(len(part))))
        rows.append((len(part), float(effect[part].mean()), seen.value, seen.low, seen.high))
    return Calibration(
        figure(value, error), pd.DataFrame(rows, columns=["customers", "predicted", "seen", "low", "high"])
    )
