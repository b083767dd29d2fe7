"""The intervals of `HurdleDistribution` for many customers, without SciPy."""

import numpy as np

from training.models.arrays import Floats, Index
from training.models.compiled.interval import MAX_PROBABILITY, quantiles
from training.models.purchases.constants import LOG_SHAPE_LIMIT, MIN_TERM, PACE_DAYS
from training.models.purchases.shortest_interval import shortest

MAX_TERMS = 10_000
"""The terms of the distribution are added up to this count, if the mean is below half of it."""
BLOCK = 2**15
"""Terms that are computed at a time, over the rows of a block; they stay in the processor's cache."""
MAX_WIDTH = 256
"""Terms of one row at a time."""


def interval_table(
    expected: Floats,
    none: Floats,
    dispersion: tuple[float, float],
    horizon_days: float,
    content: float,
    shorten: bool = True,
    level_variance: float = 0.0,
) -> tuple[Floats, Floats]:
    """Return low and high of each customer, as `HurdleDistribution.interval` does, both of shape (n,)."""
    low, high, upper = np.zeros((3, len(none)))
    rows = np.flatnonzero((1 + content) / 2 > none)  # the others' intervals are 0 to 0
    none = none[rows]
    purchase = np.maximum(1 - none, 1e-12)
    beyond = np.maximum(expected[rows] / purchase - 1, 1e-6)
    log_shape = dispersion[0] + dispersion[1] * np.log(beyond * PACE_DAYS / max(horizon_days, 1e-9))
    shape = np.exp(np.clip(log_shape, -LOG_SHAPE_LIMIT, LOG_SHAPE_LIMIT))
    probabilities = (np.array([(1 - content) / 2, (1 + content) / 2, content])[:, None] - none) / purchase
    shape /= 1 + level_variance * (shape + 1)
    success = shape / (shape + beyond)
    low[rows], high[rows], upper[rows] = quantile_table(probabilities, shape, success)
    from_zero = upper <= high - low
    low, high = np.where(from_zero, 0.0, low), np.where(from_zero, upper, high)
    if shorten:
        low[rows], high[rows] = shortest(low[rows], high[rows], none, shape, success, content)
    return low, high


def quantile_table(probabilities: Floats, shape: Floats, success: Floats) -> Floats:
    """Return `quantiles` of each row.

    Parameters
    ----------
    probabilities : ndarray of float64, shape (k, n)
        Up to 0 for a quantile of 0.
    shape, success : ndarray of float64, shape (n,)
        Of the negative binomial.

    Returns
    -------
    ndarray of float64, shape (k, n)
        0, or 1 and the quantile of the negative binomial.
    """
    wanted = np.minimum(probabilities, MAX_PROBABILITY)
    counts = (wanted > 0).astype(float)
    with np.errstate(under="ignore"):
        first = success**shape
    mean = shape * (1 - success) / success
    few = (first > MIN_TERM) & (2 * mean < MAX_TERMS)
    summed = np.flatnonzero(few & (wanted > 0).any(axis=0))
    # Rows that need about as many terms are added up together: most of 95 % quantiles lie below the mean and two
    # standard deviations.
    width = np.minimum(np.ceil(mean[summed] + 2 * np.sqrt(mean[summed] / success[summed])) + 2, MAX_WIDTH).astype(int)
    order = np.argsort(-width, kind="stable")
    unfinished = [np.flatnonzero(~few)]
    while len(order):
        terms = width[order[0]]
        rows, order = np.split(order, [max(BLOCK // terms, 1)])
        unfinished.append(_add_quantiles(counts, wanted, shape, 1 - success, first, summed[rows], terms))
    for row in np.concatenate(unfinished):
        counts[:, row] = quantiles(wanted[:, row].tolist(), float(shape[row]), float(success[row]))
    return counts


def _add_quantiles(
    quantile: Floats, wanted: Floats, shape: Floats, fail: Floats, first: Floats, rows: Index, width: int
) -> Index:
    """Add to `quantile` the counts below each probability, by adding up terms; return the rows that need `MAX_TERMS`.

    `width` terms are computed at a time, the next ones only for the rows that need them. A term is the one before times
    fail (shape + count - 1) / count.
    """
    rising = fail * (shape - 1)
    term, total, most = first[rows], first[rows], wanted[:, rows].max(axis=0)
    for place, probability in enumerate(wanted[:, rows]):
        quantile[place, rows] += (probability > 0) & (total < probability)
    start = 1
    while start < MAX_TERMS:
        left = total < most
        rows, term, total, most = rows[left], term[left], total[left], most[left]
        if not len(rows):
            return rows
        terms = rising[rows] / np.arange(start, start + width)[:, None]
        terms += fail[rows]
        terms[0] *= term
        np.multiply.accumulate(terms, axis=0, out=terms)
        term = terms[-1].copy()
        terms[0] += total
        cdf = np.add.accumulate(terms, axis=0, out=terms)
        for place, probability in enumerate(wanted[:, rows]):
            quantile[place, rows] += np.count_nonzero(cdf < probability, axis=0)
        total, start = cdf[-1], start + width
    return rows
