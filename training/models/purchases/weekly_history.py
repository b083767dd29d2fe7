"""The purchases of customers week by week, and lag features of the weeks so far."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from training.models.arrays import Flags, Floats
from training.models.window import PurchaseDays

HALF_LIVES = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
"""Half-lives in weeks of the weighted means of weekly counts."""
DECAY = 0.5 ** (1 / HALF_LIVES)
MAX_WEEKS = 104
PRIOR_WEEKS, PRIOR_GAPS, MIN_GAPS = 2.0, 2.0, 3
"""Weeks at the customer's own rate that each weighted mean begins with, gaps that the mean gap begins with, and the
gaps that their spread needs."""
USUAL_SPREAD, MAX_GAP_WEEKS, MAX_OVERDUE = 0.8, 200.0, 8.0


@dataclass(frozen=True)
class WeeklyCounts:
    """The purchase days of n customers in whole weeks that end at a cutoff.

    Attributes
    ----------
    counts : ndarray of float64, shape (n, weeks)
        Purchase days in each week, 0 to 7.
    first : ndarray of int64, shape (n,)
        The week of the first purchase; 0 for those before the first week.
    """

    counts: Floats
    first: NDArray[np.int64]

    @classmethod
    def before(cls, day: int, purchases: PurchaseDays, customers: NDArray[np.int64]) -> Self:
        """Count the purchases before a day of some customers, by their rows in `purchases`."""
        row = np.full(max(customers.max(initial=0), purchases.customer.max(initial=0)) + 1, -1)
        row[customers] = np.arange(len(customers))
        known = (purchases.day < day) & (row[purchases.customer] >= 0)
        rows, back = row[purchases.customer[known]], (day - 1 - purchases.day[known]) // 7
        weeks = int(min(back.max(initial=0) + 1, MAX_WEEKS))
        inside = back < weeks
        cells = np.bincount(rows[inside] * weeks + weeks - 1 - back[inside], minlength=len(customers) * weeks)
        first = np.full(len(customers), weeks - 1)
        np.minimum.at(first, rows, np.maximum(weeks - 1 - back, 0))
        return cls(cells.reshape(len(customers), weeks).astype(float), first)


class WeeklyHistory:
    """Running statistics of customers over their weeks, of which each starts with the first purchase.

    Parameters
    ----------
    customers : int
    r, alpha : float
        Shape and rate, in weeks, of the gamma prior of the customers' rates.
    """

    def __init__(self, customers: int, r: float, alpha: float) -> None:
        self._r, self._alpha = r, alpha
        self.active: Flags = np.zeros(customers, bool)
        self._mean, self._weight = np.zeros((2, customers, len(HALF_LIVES)))
        self._repeats, self._weeks, self._quiet = np.zeros((3, customers))
        self._gap_sum, self._gap_squares, self._gaps, self._gap_max = np.zeros((4, customers))

    def add_week(self, counts: Floats, starting: Flags) -> None:
        """Add a week's counts, shape (n,); `starting` are the customers whose first week it is."""
        self.active = self.active | starting
        active = self.active
        repeats = np.where(active, counts - (starting & (counts > 0)), 0.0)
        self._mean[active] = self._mean[active] * DECAY + repeats[active, None]
        self._weight[active] = self._weight[active] * DECAY + 1
        self._repeats += repeats
        self._weeks += active
        bought = active & (counts > 0)
        closed = np.where(bought & ~starting, self._quiet + 1, 0.0)
        self._gap_sum += closed
        self._gap_squares += closed**2
        self._gaps += closed > 0
        self._gap_max = np.maximum(self._gap_max, closed)
        self._quiet = np.where(bought, 0.0, self._quiet + (active & ~starting))

    def features(self, rows: NDArray[np.int64] | slice = slice(None)) -> Floats:
        """Return the lag features of some customers, shape (rows, features), all finite.

        The own rate, weighted means of the counts relative to it, the quiet weeks and their expected purchases, repeat
        purchases, age, the mean gap, the spread of the gaps, and the quiet weeks over the longest gap.
        """
        repeats, weeks, quiet = self._repeats[rows], self._weeks[rows], self._quiet[rows]
        gap_sum, gaps = self._gap_sum[rows], self._gaps[rows]
        rate = (repeats + self._r) / (weeks + self._alpha)
        means = (self._mean[rows] + PRIOR_WEEKS * rate[:, None]) / (self._weight[rows] + PRIOR_WEEKS)
        gap_mean = gap_sum / np.maximum(gaps, 1)
        variance = np.maximum(self._gap_squares[rows] / np.maximum(gaps, 1) - gap_mean**2, 0)
        spread = np.where(gaps >= MIN_GAPS, np.sqrt(variance) / np.maximum(gap_mean, 1), USUAL_SPREAD)
        gap = np.minimum((gap_sum + PRIOR_GAPS / rate) / (gaps + PRIOR_GAPS), MAX_GAP_WEEKS)
        return np.column_stack(
            [
                np.log(rate),
                np.log(means / rate[:, None]),
                np.log1p(quiet),
                np.log1p(quiet * rate),
                np.log1p(repeats),
                np.log(np.maximum(weeks, 1)),
                np.log(gap),
                spread,
                np.minimum(quiet / np.maximum(self._gap_max[rows], 1), MAX_OVERDUE),
            ]
        )


def histories(weekly: WeeklyCounts, quiet_weeks: int, r: float, alpha: float) -> Iterator[tuple[int, WeeklyHistory]]:
    """Yield the running history after each week, then after each of some weeks more in which nobody buys."""
    customers, weeks = weekly.counts.shape
    history = WeeklyHistory(customers, r, alpha)
    for week in range(weeks + quiet_weeks):
        counts = weekly.counts[:, week] if week < weeks else np.zeros(customers)
        history.add_week(counts, weekly.first == week)
        yield week, history
