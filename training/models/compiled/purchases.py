"""The forecast of `PurchaseModel` for one customer: clock, signals, corrections and BG/NBD as plain numbers.

The operations are those of seasonal_clock, level, signals, customer_corrections and bg_nbd, for one customer instead of
a column of them.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from math import ceil, exp, expm1, inf, log, log1p
from typing import TYPE_CHECKING, Any

import numpy as np

from features.errors import ModelError
from training.models.compiled.interval import interval
from training.models.compiled.quadrature import beta_nodes

if TYPE_CHECKING:
    from training.models.purchases.model import PurchaseModel

STRETCHES = (
    *((f"purchase_days_{w}", -w, 0) for w in (30, 90, 180, 365)),
    *((f"purchase_days_year_ago_{w}", -364, w - 364) for w in (28, 91)),
)
NEEDED = ("frequency", "recency", "T", *(column for column, _, _ in STRETCHES))
COLUMNS = (*NEEDED, "gap_mean", "gap_last", "gap_std", "overdue_ratio", "basket_mean", "basket_last")
CONTENT_HORIZONS = (7, 30, 90, 180, 365, 730)
CYCLE = 1461
DAYS, LARGEST = 90, 2.0
TINY, TINY_NONE = 1e-9, 1e-12
NODES, MOMENTS = 1024, 512
"""How many sets of nodes (3 kB each) and pairs of date and horizon are remembered."""


def purchase_numbers(model: "PurchaseModel") -> dict[str, Any]:
    """Return the plain numbers of a fitted count model; raises ModelError for one of another make."""
    from training.models.btyd.bg_nbd import BGNBD
    from training.models.purchases.model import PurchaseModel

    if type(model) is not PurchaseModel or type(model.model_) is not BGNBD:
        raise ModelError(f"the count model is a {type(model).__name__}, expected a PurchaseModel of BG/NBD")
    clock, stretch, corrections = model.seasonality_, model.level_calibration_, model.adjustments_
    return {
        "bg_nbd": {name: model.model_.params_[name] for name in ("r", "alpha", "a", "b")},
        "clock": {"origin": clock.origin, "ticks": clock.at(clock.origin + np.arange(CYCLE + 1.0)).tolist()},
        "stretch": {"asked": stretch.asked.tolist(), "taken": stretch.taken.tolist()},
        "pace": [model.base_statistics_.pace[name] for name in PACES],
        "log_basket": model.base_statistics_.log_basket,
        "corrections": {
            key: getattr(corrections, name).tolist() for key, name in zip(ADJUSTMENT_KEYS, ADJUSTMENTS, strict=True)
        },
        "none_gap": float(corrections.no_purchase_offset),
        "dispersion": [float(each) for each in corrections.dispersion],
        "level": model.level_,
        "contents": [float(each) for each in model.interval_contents_],
    }


ADJUSTMENTS = ("mean", "scale", "lowest", "highest", "count_slopes", "no_purchase_slopes")
ADJUSTMENT_KEYS = (*ADJUSTMENTS[:-1], "none_slopes")
"""Their keys in the JSON object, which published versions keep."""
PACES = ("recent_30", "recent_90", "recent_180", "recent_365", "year_ago_28", "year_ago_91")


class CompiledPurchases:
    """Expected purchase occasions, their 90 % interval and P(none) of one customer."""

    def __init__(self, numbers: dict[str, Any]) -> None:
        self._r, self._alpha, self._a, self._b = (float(numbers["bg_nbd"][name]) for name in ("r", "alpha", "a", "b"))
        self._origin, self._ticks = int(numbers["clock"]["origin"]), [float(t) for t in numbers["clock"]["ticks"]]
        self._asked, self._taken = numbers["stretch"]["asked"], numbers["stretch"]["taken"]
        self._pace, self._log_basket = numbers["pace"], numbers["log_basket"]
        held = numbers["corrections"]
        self._corrections = list(
            zip(
                *(held[key] for key in ADJUSTMENT_KEYS),
                strict=True,
            )
        )
        self._moves = any(held["count_slopes"]) or any(held["none_slopes"])
        self._none_gap, self._dispersion = numbers["none_gap"], (numbers["dispersion"][0], numbers["dispersion"][1])
        self._level, self._contents = numbers["level"], numbers["contents"]
        self._nodes = lru_cache(NODES)(lambda x, level: beta_nodes(self._a, self._b + x, level))
        self._moment = lru_cache(MOMENTS)(self._moment_of)

    def forecast(self, values: Sequence[float], day: int, days: int) -> tuple[float, float, float, float]:
        """Return expected occasions, low, high and P(none) for the values of `COLUMNS`, NaN for null."""
        x, recency, T_days, *_ = values
        if not min(values[: len(NEEDED)]) >= 0 or not sum(values[: len(NEEDED)]) < inf:
            self._refuse(values)
        reach, content, usual = self._moment(day, days)
        first = day - T_days
        born = self._at(first)
        t_x = max(round((self._at(first + recency) - born) * 10) / 10, 0.1) if x > 0 else 0.0
        T = max(round((self._at(day) - born) * 10) / 10, t_x)

        r, alpha = self._r, self._alpha
        c, end = r + x, alpha + T
        alive = 1.0
        if x > 0:
            log_odds = log((self._b + x - 1) / self._a) - c * log1p((T - t_x) / (alpha + t_x))
            smaller = exp(-abs(log_odds))
            alive = (1.0 if log_odds > 0 else smaller) / (1 + smaller)
        if self._moves:
            soon, far = self._expected_if_alive(x, c, (DAYS / end, reach / end))
            none_soon = min(max(1 + alive * expm1(-c * log1p(DAYS / end)), TINY), 1 - TINY)
            signals = self._signals(values, x, t_x, T, c / end, max(alive * soon, TINY), none_soon, usual)
            by_count = by_none = 0.0
            for signal, (mean, scale, lowest, highest, to_count, to_none) in zip(
                signals, self._corrections, strict=True
            ):
                signal = (signal - mean) / scale
                signal = lowest if signal < lowest else highest if signal > highest else signal
                by_count += signal * to_count
                by_none += signal * to_none
            by_count, by_none = min(max(by_count, -LARGEST), LARGEST), min(max(by_none, -LARGEST), LARGEST)
        else:
            (far,) = self._expected_if_alive(x, c, (reach / end,))
            by_count = by_none = 0.0
        expected = alive * far * exp(by_count + self._level)
        none = min(max(1 + alive * expm1(-c * log1p(reach / end)), TINY_NONE), 1.0)
        none **= exp(by_none + self._level + self._none_gap)
        expected = max(expected, 1 - none)
        return expected, *interval(expected, none, self._dispersion, days, content), none

    def _expected_if_alive(self, x: float, c: float, shares: tuple[float, ...]) -> Sequence[float]:
        spread = log1p((1 + c) * max(shares))
        p, weight = self._nodes(x, 4.0 * ceil(spread / 4.0))
        s = np.array(shares)
        found: Sequence[float] = (-np.expm1(-c * np.log1p(s[:, None] * p)) @ weight).tolist()
        return found

    def _signals(
        self,
        values: Sequence[float],
        x: float,
        t_x: float,
        T: float,
        rate: float,
        expected: float,
        none: float,
        usual: Sequence[float],
    ) -> tuple[float, ...]:
        """Return the customer's `signals`, in the order of their COVARIATES."""
        (_, _, T_days, *recent, gap, gap_last, gap_std, overdue_ratio, basket_mean, basket_last) = values
        alpha = self._alpha
        many, log_expected = log1p(x), log(expected)
        lately = [
            log((count + 0.5) / (rate * span + 0.5)) if T_days >= -start else 0.0
            for count, span, (_, start, _) in zip(recent, usual, STRETCHES, strict=True)
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
            log(min(max(expected / (rate * DAYS), 1e-6), 1.0)),
            log(-log(none)) - log_expected,
            *lately,
            overdue,
            gap_spread,
            overdue * gap_spread,
            log(late) if 0 < late < inf else 0.0,
            basket - self._log_basket if basket < inf else 0.0,
            last,
        )

    def _moment_of(self, day: int, days: int) -> tuple[float, float, tuple[float, ...]]:
        """Return what a date and a horizon alone say: how far to reach, what content to ask, what spans are usual."""
        span = self._at(day + days) - self._at(day)
        if span <= self._asked[-1]:
            reach = _interpolated(span, self._asked, self._taken)
        else:
            reach = self._taken[-1] + span - self._asked[-1]
        content = _interpolated(log(max(days, 1)), [log(each) for each in CONTENT_HORIZONS], self._contents)
        usual = (
            ((self._at(day + end) - self._at(day)) - (self._at(day + start) - self._at(day))) * pace
            for (_, start, end), pace in zip(STRETCHES, self._pace, strict=True)
        )
        return reach, content, tuple(usual)

    def _at(self, day: float) -> float:
        """Return the clock's time at the start of a day."""
        cycles, within = divmod(day - self._origin, CYCLE)
        whole = int(within)
        here = self._ticks[whole]
        if within != whole:
            here += (within - whole) * (self._ticks[whole + 1] - here)
        return cycles * self._ticks[-1] + here

    def _refuse(self, values: Sequence[float]) -> None:
        bad = [f"{name} {value}" for name, value in zip(NEEDED, values, strict=False) if not 0 <= value < inf]
        if bad:
            raise ModelError(f"the features of a buyer hold {', '.join(bad)}: expected finite numbers, 0 or more")


LOG_4 = log(4)


def _interpolated(at: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """Return y at `at` on the line through the points, level outside of them."""
    if at <= xs[0]:
        return ys[0]
    if at >= xs[-1]:
        return ys[-1]
    right = bisect_right(xs, at)
    x, y = xs[right - 1], ys[right - 1]
    return y + (at - x) * (ys[right] - y) / (xs[right] - x)
