"""The forecast of `CompiledPurchases` for many customers at once, by NumPy alone.

The numbers are those of the form for one customer, from which this one is made; so are the horizon and its parts, which
depend on the cutoff alone. The covariates are computed by the code of the estimator.
"""

import numpy as np

from training.models.arrays import Floats
from training.models.compiled.active_purchases import ActivePurchases
from training.models.compiled.interval_table import interval_table
from training.models.compiled.purchases import REQUIRED, WIDTH, CompiledPurchases, purchase_columns
from training.models.purchases.constants import (
    COVARIATE_HORIZON_DAYS,
    CYCLE_DAYS,
    MAX_LOG_FACTOR,
    MIN_NO_PURCHASE,
)
from training.models.purchases.covariate_values import covariate_values
from training.models.purchases.transforms import TRANSFORMS


class PurchasesTable:
    """Expected purchase occasions, their 90 % interval and P(no purchase) of many customers.

    Parameters
    ----------
    one : CompiledPurchases
        The form for one customer.
    """

    def __init__(self, one: CompiledPurchases) -> None:
        self._one = one
        self._columns = purchase_columns(one.numbers)
        self._declared = [(TRANSFORMS[transform], fill) for _, transform, fill in one.numbers.get("declared", ())]
        self._active = ActivePurchases(one.r, one.a, one.b)
        self._pause = ActivePurchases(one.r, one.a, one.b, until_pause=False)
        self._adjustments = np.array(one.adjustments, float).T
        self._times = np.array(one.times)

    def forecast(self, values: Floats, day: int, horizon_days: int) -> Floats:
        """Return expected occasions, low, high and P(no purchase).

        Parameters
        ----------
        values : ndarray of float64, shape (columns, n)
            The columns of `purchase_columns`, NaN for null.
        day, horizon_days : int
            As for one customer.

        Returns
        -------
        ndarray of float64, shape (4, n)

        Raises
        ------
        ModelError
            A count or time that every buyer has is null, infinite or negative.
        """
        expected, none = self._expected_and_none(values, day, horizon_days)
        *_, content, variance = self._one.at_horizon(day, horizon_days)
        ends = interval_table(expected, none, self._one.dispersion, horizon_days, content, self._one.shorten, variance)
        return np.stack([expected, *ends, none])

    def expected(self, values: Floats, day: int, horizon_days: int) -> Floats:
        """Return the expected occasions of `forecast` alone, shape (n,)."""
        return self._expected_and_none(values, day, horizon_days)[0]

    def _expected_and_none(self, values: Floats, day: int, horizon_days: int) -> tuple[Floats, Floats]:
        one = self._one
        required = values[: len(REQUIRED)]
        if not (required.min(initial=0) >= 0 and required.max(initial=0) < np.inf):
            one.refuse(values[:, np.argmax(~((required >= 0) & (required < np.inf)).all(axis=0))].tolist())
        horizon, parts, usual, *_ = one.at_horizon(day, horizon_days)
        x, t_x, T = self._adjusted_rfm(values[0], values[1], values[2], day)
        c, end = one.r + x, one.alpha + T
        active, since = self._active_and_since(x, t_x, T)
        count_factor = none_factor = np.zeros(len(x))
        if one.adjusts:
            returned, purchases = self._returns(x, t_x, since, COVARIATE_HORIZON_DAYS)
            near = active * self._active.expected(x, COVARIATE_HORIZON_DAYS / end) + (1 - active) * purchases
            none = self._no_purchase(active, c, end, returned, COVARIATE_HORIZON_DAYS)
            columns = dict(zip(self._columns[:WIDTH], values[:WIDTH], strict=True))
            covariates = covariate_values(columns, (x, t_x, T), c / end, one.alpha, near, none, usual, one.log_basket)
            count_factor, none_factor = self._log_factors(covariates, values[WIDTH:])
        _, purchases = self._returns(x, t_x, since, horizon)
        expected = active * self._active.expected(x, horizon / end) + (1 - active) * purchases
        expected *= np.exp(count_factor + one.level)
        none_factor = none_factor + one.none_offset
        hazard = total_before = np.zeros(len(x))
        for part, share in parts:
            none = self._no_purchase(active, c, end, self._returned(since, part), part)
            total = -np.log(np.clip(none, MIN_NO_PURCHASE, 1.0))
            hazard = hazard + (total - total_before) * np.exp(share * none_factor)
            total_before = total
        none = np.exp(-hazard * np.exp(one.level))
        return np.maximum(expected, 1 - none), none

    def _adjusted_rfm(self, x: Floats, recency: Floats, T_days: Floats, day: int) -> tuple[Floats, Floats, Floats]:
        """Return frequency, recency and T in adjusted days, as `Seasonality.adjusted_rfm` does."""
        first = day - T_days
        start = self._adjusted_time(first)
        t_x = np.round(self._adjusted_time(first + recency) - start, 1)
        t_x = np.where(x > 0, np.maximum(t_x, 0.1), 0.0)
        return x, t_x, np.maximum(np.round(self._adjusted_time(np.array([float(day)])) - start, 1), t_x)

    def _adjusted_time(self, day: Floats) -> Floats:
        """Return the adjusted time at the start of days, as `Seasonality.adjusted_time` does."""
        cycles, within = np.divmod(day - self._one.origin, CYCLE_DAYS)
        whole = within.astype(np.intp)
        time = self._times[whole]
        if (within != whole).any():
            time = time + (within - whole) * (self._times[np.minimum(whole + 1, CYCLE_DAYS)] - time)
        return np.asarray(cycles * self._times[-1] + time)

    def _active_and_since(self, x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats]:
        """Return P(active at the cutoff), and the scale of the pause and the silence so far, in days."""
        one = self._one
        c, silence = one.r + x, T - t_x
        scale = one.pause_gaps * (one.alpha + t_x) / c
        log_odds = np.log(np.maximum(one.b + x - 1, 1e-300) / one.a) - c * np.log1p(silence / (one.alpha + t_x))
        log_odds += one.pause_shape * np.log1p(silence / scale)
        smaller = np.exp(-np.abs(log_odds))
        active = np.where(log_odds > 0, 1.0, smaller) / (1 + smaller)
        return np.where(x > 0, active, 1.0), scale + silence

    def _no_purchase(self, active: Floats, c: Floats, end: Floats, returned: Floats | float, t: float) -> Floats:
        """Return P(no purchase in t adjusted days) by BG/NBD with pauses."""
        return np.asarray(1 + active * np.expm1(-c * np.log1p(t / end)) - (1 - active) * returned)

    def _returned(self, since: Floats, t: float) -> Floats:
        """Return P(a purchase in t days) of paused customers."""
        return np.asarray(-np.expm1(-self._one.pause_shape * np.log1p(t / since)))

    def _returns(self, x: Floats, t_x: Floats, since: Floats, t: float) -> tuple[Floats, Floats]:
        """Return P(a purchase in t days) and the expected purchases of paused customers, as for one customer."""
        one, shape = self._one, self._one.pause_shape
        returned = self._returned(since, t)
        purchases = np.zeros(len(x))
        could = np.flatnonzero((x > 0) & (returned > 0))
        if len(could):
            growth, back, since, x = np.log1p(t / since[could]), returned[could], since[could], x[could]
            left = np.maximum(t - since / (1 - shape) * np.expm1((1 - shape) * growth), 0.0) / np.maximum(back, 1e-300)
            again = (one.b + x - 1) / one.a * self._pause.expected(x, left / (one.alpha + t_x[could]))
            purchases[could] = back * (1 + again)
        return returned, purchases

    def _log_factors(self, covariates: Floats, declared: Floats) -> tuple[Floats, Floats]:
        """Return the log factors on the count and on -log P(no purchase), as `Adjustments.log_factors` does."""
        if self._declared:
            more = (transform(column) for (transform, _), column in zip(self._declared, declared, strict=True))
            filled = [
                np.where(np.isfinite(column), column, fill)
                for column, (_, fill) in zip(more, self._declared, strict=True)
            ]
            covariates = np.column_stack([covariates, *filled])
        mean, scale, lowest, highest, count_slopes, none_slopes = self._adjustments
        X = np.clip((covariates - mean) / scale, lowest, highest)
        count, none = X @ count_slopes, X @ none_slopes
        if self._one.hinges:
            columns, knots, count_slopes, none_slopes = (np.array(each) for each in zip(*self._one.hinges, strict=True))
            above = np.maximum(X[:, columns] - knots, 0.0)
            count, none = count + above @ count_slopes, none + above @ none_slopes
        return np.clip(count, -MAX_LOG_FACTOR, MAX_LOG_FACTOR), np.clip(none, -MAX_LOG_FACTOR, MAX_LOG_FACTOR)
