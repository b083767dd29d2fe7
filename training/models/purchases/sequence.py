"""What the sequence of purchases says of a customer beyond the covariates: a weekly model, distilled and blended.

An autoregressive model of weekly counts reads every week of a customer's history, which no feature table holds. So its
forecasts are distilled into functions of the covariates that the table has, piecewise linear, and these are added to
the adjustments with weights learnt on past windows.
"""

from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from training.models.arrays import Flags, Floats
from training.models.purchases.adjustments import Adjustments, Hinge
from training.models.purchases.constants import MAX_LOG_FACTOR, MIN_EXPECTED
from training.models.purchases.cutoff_fit import CutoffFit
from training.models.purchases.ridge_regression import (
    Groups,
    count_ridge,
    count_slopes,
    no_purchase_derivatives,
    no_purchase_ridge,
    no_purchase_slopes,
)
from training.models.purchases.training_set import TrainingSet
from training.models.purchases.weekly_history import WeeklyCounts
from training.models.purchases.weekly_model import COUNT_WEEKS, NO_PURCHASE_WEEKS, WeeklyForecast, weekly_forecast

MIN_MEAN_FREQUENCY = 8.0
"""Repeat purchases of a customer on average from which on a sequence says more than its length: with 2 to 6 the learnt
weights are 0."""
MAX_CUSTOMERS = 5_000
WEIGHT_DAYS = 90
"""The weights are learnt from windows that start in the last so many days."""
KNOTS = (0.25, 0.5, 0.75)
"""Quantiles of each covariate at which its function bends."""
MIN_WEIGHT = 0.02
"""A smaller weight counts as 0."""
RIDGE_ROWS = 20.0
"""The ridge penalty of the distillation, in customers of average weight."""


@dataclass(frozen=True)
class _Distilled:
    """Two functions of the covariates, for the count and for -log P(no purchase).

    Attributes
    ----------
    hinges : list of (int, float)
        The column and knot of each bend.
    slopes : ndarray of float64, shape (covariates + hinges, 2)
        Those of the covariates, then those above the knots.
    offset : float
        The log factor on -log P(no purchase) that keeps the base's mean P(no purchase).
    """

    hinges: list[tuple[int, float]]
    slopes: Floats
    offset: float

    def log_factors(self, X: Floats) -> Floats:
        """Return the two log factors of customers with the standardised covariates X, shape (n, 2)."""
        return np.clip(_basis(X, self.hinges) @ self.slopes, -MAX_LOG_FACTOR, MAX_LOG_FACTOR)


def with_sequence(adjustments: Adjustments, training_set: TrainingSet, ridge: float | None) -> Adjustments:
    """Add to adjustments what the weekly model says, as far as it helped in past windows.

    The weights of the two functions are regression slopes, of past outcomes on the functions as they would have been
    learnt then, with the adjustments of other cutoffs as offset: in-sample, the adjustments would leave nothing to
    add. Their ridge penalty is estimated, with the one-standard-error rule, so weights without evidence are 0.

    Parameters
    ----------
    adjustments : Adjustments
        As learnt from the rows of the training set.
    training_set : TrainingSet
        Without purchase days, past windows, or enough repeat purchases, the adjustments are returned as they are.
    ridge : float or None
        As of `Adjustments.fit`.
    """
    rows, current = training_set.rows, training_set.current
    if rows is None or training_set.purchase_days is None:
        return adjustments
    if current.rfm["frequency"].mean() < MIN_MEAN_FREQUENCY:
        return adjustments
    weights = _weights(training_set, ridge)
    if not weights.any():
        return adjustments
    chosen = _chosen(training_set, current)
    covariates = adjustments.covariates(current.covariates, current.window.features)[chosen]
    base = np.column_stack(adjustments.log_factors(covariates))
    distilled = _distilled(training_set, current, adjustments.standardised(covariates), base)
    if distilled is None:
        return adjustments
    columns = len(adjustments.mean)
    linear, bends = np.split(distilled.slopes * weights, [columns])
    return replace(
        adjustments,
        count_slopes=adjustments.count_slopes + linear[:, 0],
        no_purchase_slopes=adjustments.no_purchase_slopes + linear[:, 1],
        no_purchase_offset=adjustments.no_purchase_offset + weights[1] * distilled.offset,
        hinges=tuple(
            Hinge(column, knot, float(count), float(none))
            for (column, knot), (count, none) in zip(distilled.hinges, bends, strict=True)
        ),
    )


def _weights(training_set: TrainingSet, ridge: float | None) -> Floats:
    """Return the weights of the functions for counts and for P(no purchase), each from 0 to 1."""
    rows = training_set.rows
    assert rows is not None
    groups: dict[int, list[int]] = {}
    for number, (fit, _) in enumerate(training_set.past):
        groups.setdefault(fit.window.day, []).append(number)
    sampled = np.concatenate([_chosen(training_set, fit) for fit, _ in training_set.past])
    X, y, group, customer = rows.X[sampled], rows.y[sampled], rows.group[sampled], rows.customer[sampled]
    log_count, log_hazard, bought = rows.log_count[sampled], rows.log_hazard[sampled], y > 0
    penalty = count_ridge(X, log_count, y, group, customer) if ridge is None else ridge
    none_penalty = no_purchase_ridge(X, log_hazard, bought, group, customer) if ridge is None else ridge

    factors, offsets = np.zeros((2, len(y), 2))
    learnt = np.zeros(len(y), bool)
    for day, numbers in groups.items():
        if day < training_set.current.window.day - WEIGHT_DAYS or len(groups) < 2:
            continue
        inside = np.isin(group, numbers)
        others = _numbered(group[~inside])
        slopes = np.column_stack(
            [
                count_slopes(X[~inside], log_count[~inside], y[~inside], others, penalty)[0],
                no_purchase_slopes(X[~inside], log_hazard[~inside], bought[~inside], others, none_penalty)[0],
            ]
        )
        base = np.clip(X @ slopes, -MAX_LOG_FACTOR, MAX_LOG_FACTOR)
        first = group == numbers[0]
        distilled = _distilled(training_set, training_set.past[numbers[0]][0], X[first], base[first])
        if distilled is None:
            continue
        factors[inside], offsets[inside] = distilled.log_factors(X[inside]), base[inside]
        learnt |= inside
    if not learnt.any():
        return np.zeros(2)
    group, customer, y, bought = _numbered(group[learnt]), _numbered(customer[learnt]), y[learnt], bought[learnt]
    count, none = factors[learnt, :1], factors[learnt, 1:]
    log_count, log_hazard = log_count[learnt] + offsets[learnt, 0], log_hazard[learnt] + offsets[learnt, 1]
    weight = count_slopes(count, log_count, y, group, count_ridge(count, log_count, y, group, customer))[0]
    none_penalty = no_purchase_ridge(none, log_hazard, bought, group, customer)
    none_weight = no_purchase_slopes(none, log_hazard, bought, group, none_penalty)[0]
    weights = np.clip(np.append(weight, none_weight), 0.0, 1.0)
    return np.where(weights < MIN_WEIGHT, 0.0, weights)


def _distilled(training_set: TrainingSet, fit: CutoffFit, X: Floats, base: Floats) -> _Distilled | None:
    """Return the functions that tell the weekly model's forecasts from the base's, of the chosen customers at a cutoff.

    Least squares of the log ratios, weighted by what a customer's row says about a log factor.
    """
    teacher = _weekly_forecast(training_set, fit)
    if teacher is None:
        return None
    chosen = _chosen(training_set, fit)
    days, none_days = 7 * COUNT_WEEKS, 7 * NO_PURCHASE_WEEKS
    expected = np.maximum(fit.expected_purchases(days)[chosen] * np.exp(base[:, 0]), MIN_EXPECTED)
    none = np.clip(fit.no_purchase_probability(none_days)[chosen], 1e-12, 1 - MIN_EXPECTED)
    hazard = -np.log(none) * np.exp(base[:, 1])
    hinges = [
        (int(column), float(knot))
        for column in np.flatnonzero(X.std(axis=0) > 1e-9)
        for knot in np.unique(np.quantile(X[:, column], KNOTS))
        if X[:, column].min() < knot < X[:, column].max()
    ]
    B = _basis(X, hinges)
    _, information = no_purchase_derivatives(np.log(hazard), np.zeros(len(hazard), bool))
    slopes = np.column_stack(
        [
            _least_squares(B, _clipped(np.log(teacher.count / expected)), expected),
            _least_squares(B, _clipped(np.log(teacher.hazard / hazard)), information),
        ]
    )
    change = hazard * np.exp(-hazard)
    offset = -float((change * (B @ slopes[:, 1])).sum() / max(float(change.sum()), 1e-300))
    return _Distilled(hinges, slopes, offset)


def _weekly_forecast(training_set: TrainingSet, fit: CutoffFit) -> WeeklyForecast | None:
    assert training_set.purchase_days is not None
    rows = training_set.current.window.features.index.get_indexer(fit.window.features.index)
    customers = rows[_chosen(training_set, fit)]
    weekly = WeeklyCounts.before(fit.window.day, training_set.purchase_days, customers)
    return weekly_forecast(weekly, fit.bg_nbd.params_["r"], fit.bg_nbd.params_["alpha"] / 7)


def _chosen(training_set: TrainingSet, fit: CutoffFit) -> Flags:
    """Return the customers of a cutoff to learn from: at most `MAX_CUSTOMERS`, the same at every cutoff."""
    current = training_set.current.window.features.index
    rows = current.get_indexer(fit.window.features.index)
    return np.asarray((rows >= 0) & (rows % ceil(len(current) / MAX_CUSTOMERS) == 0))


def _basis(X: Floats, hinges: list[tuple[int, float]]) -> Floats:
    columns, knots = [column for column, _ in hinges], np.array([knot for _, knot in hinges])
    return np.column_stack([X, np.maximum(X[:, columns] - knots, 0)])


def _least_squares(B: Floats, target: Floats, weight: Floats) -> Floats:
    """Return the slopes of a weighted ridge regression with an intercept."""
    weight = weight / weight.mean()
    total = weight.sum()
    centred = B - weight @ B / total
    curvature = (centred * weight[:, None]).T @ centred + RIDGE_ROWS * np.eye(B.shape[1])
    return np.asarray(np.linalg.solve(curvature, centred.T @ (weight * (target - weight @ target / total))))


def _clipped(log_factor: Floats) -> Floats:
    return np.clip(log_factor, -MAX_LOG_FACTOR, MAX_LOG_FACTOR)


def _numbered(values: Groups) -> Groups:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)
