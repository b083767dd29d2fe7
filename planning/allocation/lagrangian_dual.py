"""Prices of the limits: the minimum of the smoothed Lagrangian dual of the allocation."""

import numpy as np
from scipy import optimize

from planning.allocation.knapsack import Bools, Floats, Problem
from planning.splitmix import splitmix64

SAMPLE = 60_000
"""Customers of whom a hash-drawn sample gives the first prices of a larger problem."""
HIGHEST = 1000.0
"""The highest price of a whole capacity, in sums of all best values; only a minimum out of reach gets there."""
SMOOTHING = (0.1, 0.03, 0.01, 0.003)
"""Temperatures, relative to the mean of the customers' best values."""


def dual_prices(problem: Problem, seed: int = 0) -> tuple[Floats, float]:
    """Return prices that give a low bound, and the temperature at which they were found.

    The dual `sum_i max(0, max_j (value_ij - usage_ij @ prices)) + prices @ capacity` has corners; with each maximum
    replaced by `temperature * log(1 + sum_j exp(. / temperature))` it is smooth, and at its minimum the softmax shares
    of the options use each limit that has a price exactly. Any prices >= 0 prove a bound, so nothing depends on how
    well the minimum was found.

    Parameters
    ----------
    problem : Problem
    seed : int

    References
    ----------
    Nesterov (2005), "Smooth minimization of non-smooth functions"; Sinha, Zoltners (1979), "The multiple-choice
    knapsack problem".
    """
    customers = len(problem.start)
    first = np.zeros(len(problem.capacity))
    if customers > SAMPLE:
        share = SAMPLE / customers
        drawn: Bools = splitmix64(seed + 1, problem.code) < np.uint64(share * 2.0**64)
        some = problem.part(drawn[problem.customer], problem.capacity * drawn.mean())
        first, _ = _minimised(some, first, SMOOTHING[:-1])
        return _minimised(problem, first, SMOOTHING[-2:])
    return _minimised(problem, first, SMOOTHING)


def _minimised(problem: Problem, first: Floats, smoothing: tuple[float, ...]) -> tuple[Floats, float]:
    best_values = np.maximum(np.maximum.reduceat(problem.value, problem.start), 0.0)
    total = float(best_values.sum()) or 1.0
    typical = total / max(1, int((best_values > 0).sum()))
    scale = total / np.maximum(np.abs(problem.capacity), 1e-9 * total)
    bounds = [(0.0, HIGHEST)] * len(scale)
    best, temperature = first, typical * smoothing[0]
    least = problem.bound(first)
    point = first / scale

    def smoothed(scaled: Floats) -> tuple[float, Floats]:
        prices = scaled * scale
        reduced = problem.reduced(prices)
        top = np.maximum(np.maximum.reduceat(reduced, problem.start), 0.0)
        reduced -= top[problem.customer]
        reduced /= temperature
        np.exp(reduced, out=reduced)
        weight = np.add.reduceat(reduced, problem.start) + np.exp(-top / temperature)
        value = float(top.sum() + temperature * np.log(weight).sum() + prices @ problem.capacity)
        reduced /= weight[problem.customer]
        gradient = (problem.capacity - problem.by_limit @ reduced) * scale
        return value / total, gradient / total

    for relative in smoothing:
        temperature = typical * relative
        options = {"maxiter": 150, "maxcor": 20, "ftol": 1e-9, "gtol": 1e-7}
        minimum = optimize.minimize(smoothed, point, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        point = np.asarray(minimum.x)
        if (bound := problem.bound(point * scale)) < least:
            best, least = point * scale, bound
    return best, temperature
