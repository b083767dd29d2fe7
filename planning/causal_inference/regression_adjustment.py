"""Difference between two groups drawn at random, adjusted by a regression with robust standard errors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import qr

from features.errors import TooLittleDataError
from training.models.arrays import Flags, Floats

CUSTOMERS_A_COVARIATE = 10
"""A group adjusts for one covariate per so many customers; with fewer, the regression adds noise."""


@dataclass(frozen=True)
class AdjustedDifferences:
    """Treated less left alone, of one or several outcomes.

    Attributes
    ----------
    estimates : ndarray of shape (outcomes,)
    covariance : ndarray of shape (outcomes, outcomes)
        Of the estimates.
    means : ndarray of shape (2, outcomes)
        Adjusted means of those left alone, then of the treated.
    degrees_of_freedom : float
        After Welch and Satterthwaite, of the first outcome.
    counts : tuple of int
        Rows left alone, and treated.
    """

    estimates: Floats
    covariance: Floats
    means: Floats
    degrees_of_freedom: float
    counts: tuple[int, int]


def adjusted_differences(
    outcomes: ArrayLike,
    treated: ArrayLike,
    covariates: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
) -> AdjustedDifferences:
    """Return the differences between treated and left alone after Lin's regression adjustment.

    A regression in each group on the covariates, centred at the mean of all, gives the group's mean for the same
    customers; without covariates these are the plain means. Standard errors are HC2, or CR2 with clusters, which
    without covariates are Neyman's.

    Parameters
    ----------
    outcomes : array-like of float, shape (n,) or (n, outcomes)
        Not null.
    treated : array-like of bool, shape (n,)
    covariates : array-like of float, shape (n, covariates), optional
        Known before the draw, not null. Constant and collinear ones are left out, and the last ones if a group is too
        small for all.
    weights : array-like of float, shape (n,), optional
        1 / P(this row's group), where customers were not all drawn with the same probability.
    clusters : array-like, shape (n,), optional
        The customer of each row, where a customer has several.

    Raises
    ------
    TooLittleDataError
        When a group has fewer than two rows or clusters.

    References
    ----------
    Lin (2013), Annals of Applied Statistics 7(1), 295-318. MacKinnon & White (1985), Journal of Econometrics 29(3),
    305-325 (HC2). Bell & McCaffrey (2002), Survey Methodology 28(2), 169-181 (CR2).
    """
    y = np.asarray(outcomes, float)
    y = y[:, None] if y.ndim == 1 else y
    arm = np.asarray(treated, bool)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, float)
    codes = np.arange(len(y)) if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    groups = [len(np.unique(codes[side])) for side in (~arm, arm)]
    if min(groups) < 2:
        raise TooLittleDataError(
            f"{groups[1]} treated and {groups[0]} left alone, expected at least 2 of each: "
            "plan more customers, or leave more alone"
        )
    centred = _usable_covariates(covariates, arm, w, min(groups))
    design = np.column_stack([np.ones(len(y)), centred])
    means, variances, freedoms = [], [], []
    scores = np.zeros((codes.max() + 1, y.shape[1]))
    for side in (~arm, arm):
        coefficients, own = _mean_and_scores(y[side], design[side], w[side], codes[side], scores.shape)
        means.append(coefficients)
        variances.append(own.T @ own)
        freedoms.append(len(np.unique(codes[side])) - design.shape[1])
        scores += own if side is arm else -own
    covariance = scores.T @ scores
    parts = np.array([v[0, 0] for v in variances])
    freedom = parts.sum() ** 2 / (parts**2 / freedoms).sum() if parts.any() else float(min(freedoms))
    return AdjustedDifferences(
        means[1] - means[0], covariance, np.array(means), float(freedom), (int((~arm).sum()), int(arm.sum()))
    )


def _usable_covariates(covariates: ArrayLike | None, arm: Flags, weights: Floats, smallest: int) -> Floats:
    """Return the covariates, centred and standardised, that both groups can tell apart from each other."""
    if covariates is None:
        return np.empty((len(arm), 0))
    x = np.asarray(covariates, float)
    x = x.reshape(len(arm), -1)
    x = x - np.average(x, axis=0, weights=weights)
    spread = x.std(axis=0)
    x = x[:, spread > 0] / spread[spread > 0]
    x = x[:, : smallest // CUSTOMERS_A_COVARIATE]
    keep = np.ones(x.shape[1], bool)
    for side in (~arm, arm):
        keep &= _independent(x[side] - x[side].mean(axis=0))
    return np.asarray(x[:, keep])


def _independent(x: Floats) -> Flags:
    """Return which columns are no linear combination of the others that are kept."""
    keep = np.zeros(x.shape[1], bool)
    if x.size:
        triangle, order = qr(x, mode="r", pivoting=True)
        diagonal = np.abs(np.diag(triangle))
        keep[order[: len(diagonal)][diagonal > 1e-8 * np.sqrt(len(x))]] = True
    return keep


def _mean_and_scores(
    y: Floats, design: Floats, weights: Floats, codes: NDArray[np.intp], shape: tuple[int, ...]
) -> tuple[Floats, Floats]:
    """Return the intercept of each outcome, and what each cluster adds to its error."""
    root = np.sqrt(weights)[:, None]
    bread = np.linalg.inv((design * weights[:, None]).T @ design)
    coefficients = bread @ (design * weights[:, None]).T @ y
    scaled, residuals = design * root, (y - design @ coefficients) * root
    scores = np.zeros(shape)
    order = np.argsort(codes, kind="stable")
    present, starts, sizes = np.unique(codes[order], return_index=True, return_counts=True)
    for size in np.unique(sizes):
        of_size = sizes == size
        rows = order[starts[of_size][:, None] + np.arange(size)]
        block, errors = scaled[rows], residuals[rows]
        hats = block @ bread @ block.transpose(0, 2, 1)
        values, vectors = np.linalg.eigh(np.eye(size) - hats)
        # A leverage of 1 leaves no residual, so what it is divided by does not matter.
        inverse_root = np.where(values > 1e-10, values, 1.0) ** -0.5
        adjusted = (vectors * inverse_root[:, None, :]) @ vectors.transpose(0, 2, 1) @ errors
        scores[present[of_size]] = np.einsum("k,gmk,gmq->gq", bread[0], block, adjusted)
    return coefficients[0], scores
