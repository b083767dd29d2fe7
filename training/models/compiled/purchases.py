"""The forecast of `PurchaseModel` for one customer: season, covariates, adjustments and BG/NBD as plain numbers.

The operations are those of the modules in `training.models.purchases` and of BG/NBD, for one customer instead of a
column of them.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import ceil, exp, expm1, inf, log, log1p
from typing import Any

import numpy as np

from features.errors import ModelError
from training.models.arrays import Floats
from training.models.compiled.declared import compiled_covariate
from training.models.compiled.interval import interval
from training.models.compiled.quadrature import beta_nodes
from training.models.purchases.constants import (
    COVARIATE_HORIZON_DAYS,
    CYCLE_DAYS,
    INTERVAL_HORIZONS,
    MAX_LOG_FACTOR,
    MIN_EXPECTED,
    MIN_NO_PURCHASE,
    PURCHASE_WINDOWS,
)
from training.models.purchases.fading import horizon_parts
from training.models.purchases.level_variance import LevelVariance

REQUIRED = ("frequency", "recency", "T", *(column for column, _, _ in PURCHASE_WINDOWS.values()))
"""The columns that are never null for a customer who has bought."""
COLUMNS = (*REQUIRED, "gap_mean", "gap_last", "gap_std", "overdue_ratio", "basket_mean", "basket_last")
WIDTH = len(COLUMNS)
CACHED_NODES, CACHED_HORIZONS = 1024, 512
"""How many sets of quadrature nodes (3 kB each) and pairs of cutoff and horizon are cached."""
ADJUSTMENTS = ("mean", "scale", "lowest", "highest", "count_slopes", "no_purchase_slopes")
ADJUSTMENT_KEYS = (*ADJUSTMENTS[:-1], "none_slopes")
"""Their keys in the JSON object, which published versions keep."""
LOG_4 = log(4)


def purchase_numbers(model: object) -> dict[str, Any]:
    """Return the numbers of a fitted purchase model, ready for JSON; raises ModelError for another kind of model."""
    from training.models.btyd.bg_nbd import BGNBD
    from training.models.btyd.pausing_bg_nbd import PausingBGNBD
    from training.models.purchases.model import PurchaseModel

    if type(model) is not PurchaseModel or type(model.bg_nbd_) not in (BGNBD, PausingBGNBD):
        raise ModelError(f"the purchase model is a {type(model).__name__}, expected a PurchaseModel of BG/NBD")
    seasonality, level, adjustments = model.seasonality_, model.level_calibration_, model.adjustments_
    days = seasonality.origin + np.arange(CYCLE_DAYS + 1.0)
    bg_nbd = model.bg_nbd_
    optional = {
        "declared": [list(covariate) for covariate in adjustments.declared],
        "hinges": [list(hinge) for hinge in adjustments.hinges],
        "pauses": [bg_nbd.pause_shape, bg_nbd.pause_gaps] if isinstance(bg_nbd, PausingBGNBD) else None,
        "learnt_days": None if model.learnt_days_ is None else int(model.learnt_days_),
        "shortest_intervals": model.shortest_intervals_,
        "level_variance": list(model.level_variance_) if any(model.level_variance_) else None,
    }
    return {
        "bg_nbd": {name: bg_nbd.params_[name] for name in ("r", "alpha", "a", "b")},
        "clock": {"origin": seasonality.origin, "ticks": seasonality.adjusted_time(days).tolist()},
        "stretch": {"asked": level.horizons.tolist(), "taken": level.calibrated.tolist()},
        "pace": [model.base_statistics_.pace[name] for name in PURCHASE_WINDOWS],
        "log_basket": model.base_statistics_.log_basket,
        "corrections": {
            key: getattr(adjustments, name).tolist() for key, name in zip(ADJUSTMENT_KEYS, ADJUSTMENTS, strict=True)
        },
        "none_gap": float(adjustments.no_purchase_offset),
        "dispersion": [float(coefficient) for coefficient in adjustments.dispersion],
        "level": model.level_,
        "contents": [float(content) for content in model.interval_contents_],
    } | {key: value for key, value in optional.items() if value}


def purchase_columns(numbers: dict[str, Any]) -> tuple[str, ...]:
    """Return the columns that the numbers of a purchase model need: `COLUMNS`, then the declared covariates."""
    return (*COLUMNS, *(column for column, _, _ in numbers.get("declared", ())))


class CompiledPurchases:
    """Expected purchase occasions, their 90 % interval and P(no purchase) of one customer."""

    def __init__(self, numbers: dict[str, Any]) -> None:
        self.numbers = numbers
        self.r, self.alpha, self.a, self.b = (float(numbers["bg_nbd"][name]) for name in ("r", "alpha", "a", "b"))
        # Versions published before pauses have none: with a shape of 0 nobody comes back.
        self.pause_shape, self.pause_gaps = numbers.get("pauses", (0.0, 1.0))
        self._learnt_days = numbers.get("learnt_days")
        self._level_variance = LevelVariance(*numbers.get("level_variance", ()))
        self.shorten = bool(numbers.get("shortest_intervals", False))
        self.origin, self.times = int(numbers["clock"]["origin"]), [float(time) for time in numbers["clock"]["ticks"]]
        self._horizons, self._calibrated = numbers["stretch"]["asked"], numbers["stretch"]["taken"]
        self._pace, self.log_basket = numbers["pace"], numbers["log_basket"]
        columns = [numbers["corrections"][key] for key in ADJUSTMENT_KEYS]
        self.adjustments = list(zip(*columns, strict=True))
        self._declared = [compiled_covariate(transform, fill) for _, transform, fill in numbers.get("declared", ())]
        self.hinges = [(int(column), *hinge) for column, *hinge in numbers.get("hinges", ())]
        self.adjusts = any(columns[-2]) or any(columns[-1])
        self.none_offset, self.dispersion = numbers["none_gap"], (numbers["dispersion"][0], numbers["dispersion"][1])
        self.level, self._contents = numbers["level"], numbers["contents"]
        self._nodes = lru_cache(CACHED_NODES)(self._weighted_nodes)
        self.at_horizon = lru_cache(CACHED_HORIZONS)(self._horizon)

    def forecast(self, values: Sequence[float], day: int, horizon_days: int) -> tuple[float, float, float, float]:
        """Return expected occasions, low, high and P(no purchase) for the values of `purchase_columns`."""
        x, recency, T_days, *_ = values
        if not min(values[: len(REQUIRED)]) >= 0 or not sum(values[: len(REQUIRED)]) < inf:
            self.refuse(values)
        horizon, parts, usual, content, variance = self.at_horizon(day, horizon_days)
        first = day - T_days
        start = self._adjusted_time(first)
        t_x = max(round((self._adjusted_time(first + recency) - start) * 10) / 10, 0.1) if x > 0 else 0.0
        T = max(round((self._adjusted_time(day) - start) * 10) / 10, t_x)

        c, end = self.r + x, self.alpha + T
        alive, silence, since = 1.0, T - t_x, inf
        if x > 0:
            log_odds = log((self.b + x - 1) / self.a) - c * log1p(silence / (self.alpha + t_x))
            scale = self.pause_gaps * (self.alpha + t_x) / c
            since = scale + silence
            log_odds += self.pause_shape * log1p(silence / scale)
            smaller = exp(-abs(log_odds))
            alive = (1.0 if log_odds > 0 else smaller) / (1 + smaller)
        horizons = (COVARIATE_HORIZON_DAYS, horizon) if self.adjusts else (horizon,)
        purchases = self._purchases(x, alive, since, end, self.alpha + t_x, horizons)
        if self.adjusts:
            near, returned = purchases[0], self._returned(since, COVARIATE_HORIZON_DAYS)
            none = 1 + alive * expm1(-c * log1p(COVARIATE_HORIZON_DAYS / end)) - (1 - alive) * returned
            none = min(max(none, MIN_EXPECTED), 1 - MIN_EXPECTED)
            covariates = self._covariates(values, t_x, T, max(near, MIN_EXPECTED), none, usual)
            count_factor, none_factor = self._log_factors(covariates)
        else:
            count_factor = none_factor = 0.0
        expected = purchases[-1] * exp(count_factor + self.level)
        none_factor += self.none_offset
        hazard = before = 0.0
        for part, share in parts:
            none = 1 + alive * expm1(-c * log1p(part / end)) - (1 - alive) * self._returned(since, part)
            total = -log(min(max(none, MIN_NO_PURCHASE), 1.0))
            hazard += (total - before) * exp(share * none_factor)
            before = total
        none = exp(-hazard * exp(self.level))
        expected = max(expected, 1 - none)
        ends = interval(expected, none, self.dispersion, horizon_days, content, self.shorten, variance)
        return expected, *ends, none

    def _returned(self, since: float, t: float) -> float:
        """Return P(a purchase in t days) of a paused customer; `since`: the scale of the pause and the silence."""
        return -expm1(-self.pause_shape * log1p(t / since))

    def _log_factors(self, covariates: Sequence[float]) -> tuple[float, float]:
        """Return the log factors on the count and on -log P(no purchase), as `Adjustments.log_factors` does."""
        count_factor = none_factor = 0.0
        standardised = []
        for value, (mean, scale, lowest, highest, count_slope, none_slope) in zip(
            covariates, self.adjustments, strict=True
        ):
            value = (value - mean) / scale
            value = lowest if value < lowest else highest if value > highest else value
            count_factor += value * count_slope
            none_factor += value * none_slope
            standardised.append(value)
        for column, knot, count_slope, none_slope in self.hinges:
            above = standardised[column] - knot
            if above > 0:
                count_factor += above * count_slope
                none_factor += above * none_slope
        return (
            min(max(count_factor, -MAX_LOG_FACTOR), MAX_LOG_FACTOR),
            min(max(none_factor, -MAX_LOG_FACTOR), MAX_LOG_FACTOR),
        )

    def _purchases(
        self, x: float, alive: float, since: float, end: float, age: float, horizons: Sequence[float]
    ) -> Sequence[float]:
        """Return BG/NBD's expected purchases with pauses; `since`: pause scale and silence; `age`: alpha + t_x."""
        c, shape = self.r + x, self.pause_shape
        shares, backs = [t / end for t in horizons], []
        if alive < 1 and shape > 0:
            for t in horizons:
                growth = log1p(t / since)
                back = -expm1(-shape * growth)
                left = max(t - since / (1 - shape) * expm1((1 - shape) * growth), 0.0) / max(back, 1e-300)
                backs.append(back)
                shares.append(left / age)
        spread = log1p((1 + c) * max(shares))
        p, weights = self._nodes(x, 4.0 * ceil(spread / 4.0))
        until_pause, pauses = (-np.expm1(-c * np.log1p(np.array(shares)[:, None] * p)) @ weights).T.tolist()
        expected = [alive * purchases for purchases in until_pause[: len(horizons)]]
        stays = (self.b + x - 1) / self.a
        for number, back in enumerate(backs):
            expected[number] += (1 - alive) * back * (1 + stays * pauses[len(horizons) + number])
        return expected

    def _weighted_nodes(self, x: float, spread: float) -> tuple[Floats, Floats]:
        """Return p and the weights of two integrals: of the purchases until a pause, and of a pause in the time."""
        p, weight = beta_nodes(self.a, self.b + x, spread)
        return p, np.column_stack([weight, weight * p])

    def _covariates(
        self, values: Sequence[float], t_x: float, T: float, expected: float, none: float, usual: Sequence[float]
    ) -> tuple[float, ...]:
        """Return the customer's covariates, in the order of `COVARIATES`, then the declared ones."""
        declared: Iterable[float] = ()
        if self._declared:
            declared = [covariate(value) for covariate, value in zip(self._declared, values[WIDTH:], strict=True)]
            values = values[:WIDTH]
        (x, _, T_days, *recent, gap, gap_last, gap_std, overdue_ratio, basket_mean, basket_last) = values
        alpha, rate = self.alpha, (self.r + x) / (self.alpha + T)
        many, log_expected = log1p(x), log(expected)
        windows = [
            log((count + 0.5) / (rate * length + 0.5)) if T_days >= -start else 0.0
            for count, length, (_, start, _) in zip(recent, usual, PURCHASE_WINDOWS.values(), strict=True)
        ]
        overdue = log1p(overdue_ratio) if -1 < overdue_ratio < inf else 0.0
        spread = 0.25 + gap_std / gap if gap else 0.0
        gap_spread = log(spread) * x / (x + 4) if 0 < spread < inf else 0.0
        late = (gap_last + 7) / (gap + 7) if gap != -7 else 0.0
        basket = log(max(basket_mean, 0.01)) if basket_mean < inf else inf
        last = log(max(basket_last, 0.01)) - basket if basket_last < inf and basket < inf else 0.0
        return (
            many,
            max(many - LOG_4, 0.0),
            t_x / max(T, 1.0),
            log1p((T - t_x) / alpha),
            0.0 if x else 1.0,
            0.0 if x else log1p(T / alpha),
            log_expected,
            max(log_expected, 0.0),
            min(log(expected / 0.1), 0.0),
            log(min(max(expected / (rate * COVARIATE_HORIZON_DAYS), 1e-6), 1.0)),
            log(-log(none)) - log_expected,
            *windows,
            overdue,
            gap_spread,
            overdue * gap_spread,
            log(late) if 0 < late < inf else 0.0,
            basket - self.log_basket if basket < inf else 0.0,
            last,
            *declared,
        )

    def _horizon(
        self, day: int, horizon_days: int
    ) -> tuple[float, Sequence[tuple[float, float]], Sequence[float], float, float]:
        """Return the calibrated horizon, its parts, usual lengths of the windows, nominal content, level variance.

        They depend on the cutoff and the horizon alone, not on the customer.
        """
        now = self._adjusted_time(day)
        parts = [
            (self._calibrated_horizon(day, end), share) for end, share in horizon_parts(self._learnt_days, horizon_days)
        ]
        content = _interpolated(log(max(horizon_days, 1)), [log(days) for days in INTERVAL_HORIZONS], self._contents)
        usual = [
            ((self._adjusted_time(day + end) - now) - (self._adjusted_time(day + start) - now)) * pace
            for (_, start, end), pace in zip(PURCHASE_WINDOWS.values(), self._pace, strict=True)
        ]
        return parts[-1][0], parts, usual, content, self._level_variance.in_horizon(horizon_days)

    def _calibrated_horizon(self, day: int, horizon_days: float) -> float:
        """Return the horizon in adjusted days, rescaled to last year's level, as `LevelCalibration.horizon` does."""
        adjusted_days = self._adjusted_time(day + horizon_days) - self._adjusted_time(day)
        if adjusted_days <= self._horizons[-1]:
            return _interpolated(adjusted_days, self._horizons, self._calibrated)
        return float(self._calibrated[-1] + adjusted_days - self._horizons[-1])

    def _adjusted_time(self, day: float) -> float:
        """Return the adjusted time at the start of a day, as `Seasonality.adjusted_time` does."""
        cycles, within = divmod(day - self.origin, CYCLE_DAYS)
        whole = int(within)
        time = self.times[whole]
        if within != whole:
            time += (within - whole) * (self.times[whole + 1] - time)
        return cycles * self.times[-1] + time

    def refuse(self, values: Sequence[float]) -> None:
        """Raise ModelError for a count or time that is null, infinite or negative; naming each."""
        bad = [f"{name} {value}" for name, value in zip(REQUIRED, values, strict=False) if not 0 <= value < inf]
        if bad:
            raise ModelError(f"the features of a buyer hold {', '.join(bad)}: expected finite numbers, 0 or more")


def _interpolated(at: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """Return y at `at` on the line through the points, level outside of them."""
    if at <= xs[0]:
        return ys[0]
    if at >= xs[-1]:
        return ys[-1]
    right = bisect_right(xs, at)
    x, y = xs[right - 1], ys[right - 1]
    return y + (at - x) * (ys[right] - y) / (xs[right] - x)
