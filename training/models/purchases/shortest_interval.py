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
        rows = rows[success[rows] ** shape[rows] > MIN_TERM]
    # Few low ends rise by more than a quarter of the length; none above `high`, as the negative binomial falls beyond
    # its median.
    for terms in (high + (high - low) // 4 + 3, 2 * high + 2):
        order, unfinished = rows[np.argsort(-terms[rows], kind="stable")], [rows[:0]]
        while len(order):
            most = int(terms[order[0]])
            rows, order = np.split(order, [max(BLOCK // most, 1)])
            below = _below(most, success[rows], shape[rows])
            low[rows], high[rows], left = _shortened(below, low[rows], high[rows], content / (1 - none[rows]))
            unfinished.append(rows[left])
        rows = np.concatenate(unfinished)
    return low, high


def _below(terms: int, success: Floats, shape: Floats) -> Floats:
    """Return P(N < count) of the negative binomial for counts from 0 to `terms`, shape (terms + 1, n)."""
    below = np.zeros((terms + 1, len(shape)))
    below[1] = success**shape
    np.multiply((1 - success) * (shape - 1), 1 / np.arange(1, terms)[:, None], out=below[2:])
    below[2:] += 1 - success
    np.multiply.accumulate(below[1:], axis=0, out=below[1:])
    np.add.accumulate(below[1:], axis=0, out=below[1:])
    return below


def _shortened(below: Floats, low: Floats, high: Floats, content: Floats) -> tuple[Floats, Floats, Index]:
    """Return the shortest interval, and the rows for which `below` ends too early.

    `content` is that of the counts beyond the first purchase.
    """
    rows: Index = np.arange(len(low))
    length, unfinished = (high - low).astype(np.intp), [rows[:0]]
    for beyond in range(len(below)):
        rows = rows[below[beyond, rows] < 1 - content[rows]]
        reached = beyond + length[rows] < len(below)
        unfinished.append(rows[~reached])
        rows = shorter = rows[reached]
        while len(shorter):
            held = below[beyond + length[shorter], shorter] - below[beyond, shorter] >= content[shorter]
            shorter = shorter[held]
            low[shorter], high[shorter] = beyond + 1, beyond + length[shorter]
            length[shorter] -= 1
        if not len(rows):
            break
    return low, high, np.concatenate(unfinished)
