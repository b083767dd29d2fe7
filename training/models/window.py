"""What a count model learns from: windows of the past, and the base's daily activity."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Window:
    """The feature table of those who had bought by a date, and for each horizon what they bought after it.

    `day` is the date, counted from 1970 in the business time zone; `purchases` and `spend` have one array a horizon in
    days, aligned with the rows of `features`.
    """

    day: int
    features: pd.DataFrame
    purchases: dict[int, NDArray[np.int64]]
    spend: dict[int, NDArray[np.float64]]


@dataclass(frozen=True)
class Activity:
    """How many customers bought first, and how many again, on each day from `first_day` on."""

    first_day: int
    new: NDArray[np.int64]
    repeat: NDArray[np.int64]
