"""Customer value: the currency expected in a horizon, discounted; the estimators and the compiled form share it.

Imports neither pandas nor SciPy.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from features.errors import InvalidArgumentError
from training.models.arrays import Floats
from training.models.numeric_arguments import DAY_LIMIT, require_number, require_whole

MAX_VALUE_DAYS = 1095
MAX_LOG_GROWTH = 100.0
"""A negative discount rate may multiply a later amount by exp(100) at most, so that values are finite."""
VALUE_STEPS = 6
"""In how many steps a value is discounted; a horizon of fewer days has a step for each day."""


def discounted_value(
    expected_purchases: Callable[[int], Floats],
    spend: Callable[[], Floats],
    horizon_days: int,
    discount_rate: float,
    steps: int | None,
) -> Floats:
    """Return the discounted currency expected from each customer.

    The horizon is cut into steps of equal length. What a step brings is discounted from its middle.

    Parameters
    ----------
    expected_purchases : callable
        Returns the expected purchase occasions of each customer in so many days, shape (n,).
    spend : callable
        Returns the expected currency of each customer's occasion, shape (n,).
    horizon_days, discount_rate, steps
        As of `CustomerModel.customer_value`.

    Returns
    -------
    ndarray of float64, shape (n,)

    Raises
    ------
    InvalidArgumentError
        The horizon or the steps are not whole numbers or out of range, the rate is -1 or less, or a value is infinite
        at this rate.
    """
    horizon_days = require_whole("horizon_days", horizon_days, 1, DAY_LIMIT)
    rate = require_number("discount_rate", discount_rate, -1, above=True)
    steps = require_whole("steps", min(VALUE_STEPS, horizon_days) if steps is None else steps, 1, horizon_days)
    if -np.log1p(rate) * horizon_days / 365 > MAX_LOG_GROWTH:
        raise InvalidArgumentError(
            f"discount_rate is {rate:g} over {horizon_days} days, which makes currency grow without limit; "
            "expected a rate further from -1, or fewer days"
        )
    ends = [int(end) for end in np.linspace(0, horizon_days, steps + 1)]
    each = spend()
    value = purchases_before = np.zeros(len(each))
    for start, end in pairwise(ends):
        purchases = expected_purchases(end)
        value = value + (purchases - purchases_before) * each / (1 + rate) ** ((start + end) / 2 / 365)
        purchases_before = purchases
    return value
