"""Amounts, channels and returns of a world's purchases."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.simulate.keyed_random import KeyedRandom, Purpose
from features.simulate.seasonal_time import Floats
from features.simulate.truth import Truth

_FULL_RETURN = 0.6


def draw_marks(
    truth: Truth, chances: KeyedRandom, purpose: Purpose, key: tuple[int, ...], count: int
) -> dict[str, NDArray[Any]]:
    """Draw `count` purchases: size relative to the customer's mean; uniform numbers for channel, return and time."""
    return {
        "size": chances.generator(purpose, *key, 1).standard_gamma(truth.spend_p, count) / truth.spend_p,
        "chance": chances.generator(purpose, *key, 2).random((count, 5)),
    }


def returns(truth: Truth, amount: Floats, chance: Floats) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return which purchases are returned, after how many days, and what is given back."""
    rows = np.flatnonzero(chance[:, 1] < truth.return_share)
    # The uniform numbers are used up one after the other: whole or part, how much, when.
    part = chance[rows, 2]
    share = np.where(part < _FULL_RETURN, 1.0, 0.1 + 0.8 * (part - _FULL_RETURN) / (1 - _FULL_RETURN))
    return rows, 1.0 - 10.0 * np.log1p(-chance[rows, 3]), np.maximum(np.round(amount[rows] * share, 2), 0.01)
