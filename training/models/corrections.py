"""Two ridge regressions that move customers apart: of counts, and of none at all, each with an offset."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
Groups = NDArray[np.int64]


def count_slopes(X: Floats, log_offset: Floats, y: Floats, group: Groups, ridge: float) -> tuple[Floats, Floats]:
    """Return the slopes of log E[y] = offset + intercept of the group + X b, and the groups' intercepts.

    Poisson likelihood by Newton's method. A group is one window and horizon: its intercept, hardly penalised, takes
    up season and trend, which are not the customers' doing.
    """
    groups = int(group.max()) + 1
    slopes = np.zeros(X.shape[1])
    for _ in range(30):
        mean = np.exp(log_offset + X @ slopes)
        intercepts = np.log((np.bincount(group, y, groups) + 1) / (np.bincount(group, mean, groups) + 1))
        mean *= np.exp(intercepts)[group]
        total = np.bincount(group, mean, groups)
        average = np.column_stack([np.bincount(group, mean * column, groups) / total for column in X.T])
        centred = X - average[group]
        curvature = (centred * mean[:, None]).T @ centred + ridge * np.eye(len(slopes))
        step = np.linalg.solve(curvature, centred.T @ (y - mean) - ridge * slopes)
        largest = float(np.abs(step).max())
        slopes = slopes + step * min(1.0, 1 / max(largest, 1e-12))
        if largest < 1e-6:
            break
    return slopes, intercepts


def none_slopes(
    X: Floats, log_offset: Floats, bought: NDArray[np.bool_], group: Groups, ridge: float
) -> tuple[Floats, Floats]:
    """Return the slopes and intercepts of P(none) = exp(-exp(offset + intercept of the group + X c)).

    The complementary log-log form of the same design, by L-BFGS-B.
    """
    columns, groups = X.shape[1], int(group.max()) + 1

    def loss(v: Floats) -> tuple[float, Floats]:
        slopes, intercepts = v[:columns], v[columns:]
        hazard = np.exp(np.clip(log_offset + intercepts[group] + X @ slopes, -25, 5))
        some = -np.expm1(-hazard) + 1e-12
        fit = np.where(bought, np.log(some), -hazard).sum()
        slope = np.where(bought, hazard * np.exp(-hazard) / some, -hazard)
        gradient = np.concatenate((X.T @ slope - ridge * slopes, np.bincount(group, slope, groups) - intercepts))
        return float(-fit + ridge / 2 * slopes @ slopes + intercepts @ intercepts / 2), -gradient

    found = minimize(loss, np.zeros(columns + groups), jac=True, method="L-BFGS-B", options={"maxiter": 400}).x
    return found[:columns], found[columns:]
