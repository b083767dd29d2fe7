"""The training data of the purchase model: windows of the past, and the daily activity of the base."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.models.arrays import Floats


@dataclass(frozen=True)
class Window:
    """The customers who had bought by a cutoff, and what they bought in the horizons after it.

    Attributes
    ----------
    day : int
        The cutoff, in days since 1970 in the business time zone.
    features : DataFrame, shape (n, columns)
        The feature table at the cutoff.
    purchases : dict of int to ndarray of int64, shape (n,)
        By horizon in days, the purchase occasions after the cutoff.
    spend : dict of int to ndarray of float64, shape (n,)
        By horizon in days, the currency spent after the cutoff, net of what was returned in the horizon.
    """

    day: int
    features: pd.DataFrame
    purchases: dict[int, NDArray[np.int64]]
    spend: dict[int, Floats]


@dataclass(frozen=True)
class Activity:
    """First and repeat purchase occasions of the base on each day.

    Attributes
    ----------
    first_day : int
        The first day, in days since 1970.
    new, repeat : ndarray of int64, shape (days,)
        How many customers bought for the first time, and how many again.
    """

    first_day: int
    new: NDArray[np.int64]
    repeat: NDArray[np.int64]

    def until(self, day: int) -> Self:
        """Return the activity before a day."""
        days = max(0, day - self.first_day)
        return replace(self, new=self.new[:days], repeat=self.repeat[:days])


@dataclass(frozen=True)
class PurchaseDays:
    """The days on which the customers of a feature table bought.

    Attributes
    ----------
    customer : ndarray of int64, shape (k,)
        The row of the customer in the table.
    day : ndarray of int64, shape (k,)
        Days since 1970 in the business time zone; each day of a customer once.
    """

    customer: NDArray[np.int64]
    day: NDArray[np.int64]
