"""The shortest interval of frequent buyers' counts, without SciPy."""

import numpy as np

from training.models.arrays import Floats, Index
from training.models.purchases.constants import MAX_SHORTENED, MIN_TERM

BLOCK = 2**18
"""Terms that are computed at a time, over all rows."""


def shortest(
    low: Floats, high: Floats, none: Floats, shape: Floats, success: Floats, content: float
) -> tuple[Floats, Floats]:
    """Return the shortest interval of each customer that holds `content` of a `HurdleDistribution`.

    One that begins above 0 needs P(no purchase) < 1 - content. Its low end rises count by count while
    less than 1 - content lies below; whenever fewer counts than before hold the content, they become the interval.

    Parameters
    ----------
    low, high : ndarray of float64, shape (n,)
        An interval that holds `content`, which stays where none is shorter and where it ends above `MAX_SHORTENED`.
    none : ndarray of float64, shape (n,)
        P(no purchase).
    shape, success : ndarray of float64, shape (n,)
        Of the negative binomial of the count beyond the first purchase.
    content : float

    Returns
    -------
    low, high : ndarray of float64, shape (n,)
    """
    low, high = low.copy(), high.copy()
    rows = np.flatnonzero((none < 1 - content) & (low < high) & (high <= MAX_SHORTENED))
    with np.errstate(under="ignore"):
        first = success[rows] ** shape[rows]
    order = np.argsort(-high[rows], kind="stable")
    order = order[first[order] > MIN_TERM]
    while len(order):
        # The negative binomial falls beyond its median, so no low end lies above `high`.
        terms = 2 * int(high[rows[order[0]]]) + 2
        block, order = np.split(order, [max(BLOCK // terms, 1)])
        chosen = rows[block]
        below = _below(terms, first[block], shape[chosen], 1 - success[chosen])
        low[chosen], high[chosen] = _shortened(below, low[chosen], high[chosen], content / (1 - none[chosen]))
    return low, high


def _below(terms: int, first: Floats, shape: Floats, fail: Floats) -> Floats:
    """Return P(N < count) of the negative binomial for counts from 0 to `terms`, shape (terms + 1, n)."""
    counts = np.arange(1, terms)[:, None]
    below = np.zeros((terms + 1, len(first)))
    below[1] = first
    np.multiply(fail * (shape - 1), 1 / counts, out=below[2:])
    below[2:] += fail
    np.multiply.accumulate(below[1:], axis=0, out=below[1:])
    np.add.accumulate(below[1:], axis=0, out=below[1:])
    return below


def _shortened(below: Floats, low: Floats, high: Floats, content: Floats) -> tuple[Floats, Floats]:
    """Return the shortest interval; `content` of the counts beyond the first purchase."""
    rows: Index = np.arange(len(low))
    length = (high - low).astype(np.intp)
    for beyond in range(len(below)):
        rows = rows[(below[beyond, rows] < 1 - content[rows]) & (beyond + length[rows] < len(below))]
        shorter = rows
        while len(shorter):
            held = below[beyond + length[shorter], shorter] - below[beyond, shorter] >= content[shorter]
            shorter = shorter[held]
            low[shorter], high[shorter] = beyond + 1, beyond + length[shorter]
            length[shorter] -= 1
        if not len(rows):
            break
    return low, high
