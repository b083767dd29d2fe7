"""The interval of `count_distribution.HurdleDistribution` for one customer, without SciPy."""

from bisect import bisect_left
from collections.abc import Sequence
from math import exp, lgamma, log, log1p

# These are the numbers of count_distribution.
LOG_SHAPE_LIMIT, PACE_DAYS = 6.0, 90
LONGEST = 2000
"""Counts up to which the terms are summed one by one, where their mean is below half of it."""
SMALLEST = 1e-280
"""A first term below it has lost bits that the sum would need."""


def interval(
    expected: float, none: float, dispersion: tuple[float, float], days: float, content: float
) -> tuple[float, float]:
    """Return low and high, as `HurdleDistribution.interval` has them for each customer."""
    some = max(1 - none, 1e-12)
    beyond = max(expected / some - 1, 1e-6)
    log_shape = dispersion[0] + dispersion[1] * log(beyond * PACE_DAYS / max(days, 1e-9))
    shape = exp(min(max(log_shape, -LOG_SHAPE_LIMIT), LOG_SHAPE_LIMIT))
    low, high, upper = quantiles(
        [((1 - content) / 2 - none) / some, ((1 + content) / 2 - none) / some, (content - none) / some],
        shape,
        shape / (shape + beyond),
    )
    return (0.0, float(upper)) if upper <= high - low else (float(low), float(high))


def quantiles(probabilities: Sequence[float], shape: float, success: float) -> list[int]:
    """Return `HurdleDistribution.quantile`: 0 for a probability up to 0, else 1 and the negative binomial quantile."""
    wanted = [min(each, 1 - 1e-9) for each in probabilities]
    most = max(wanted)
    if most <= 0:
        return [0] * len(wanted)
    term, fail = success**shape, 1 - success
    if term > SMALLEST and 2 * shape * fail < LONGEST * success:
        total = term
        cdf = [term]
        for count in range(1, LONGEST):
            if total >= most:
                return [1 + bisect_left(cdf, each) if each > 0 else 0 for each in wanted]
            term *= fail * (shape + count - 1) / count
            total += term
            cdf.append(total)
    return [1 + _searched(each, shape, success) if each > 0 else 0 for each in wanted]


def _searched(probability: float, shape: float, success: float) -> int:
    """Return the smallest count whose cdf reaches the probability, by bisection."""
    low, high = -1, 1
    while _cdf(high, shape, success) < probability:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if _cdf(middle, shape, success) < probability:
            low = middle
        else:
            high = middle
    return high


def _cdf(count: int, shape: float, success: float) -> float:
    """Return P(N <= count) of a negative binomial: the incomplete beta function I(success; shape, count + 1)."""
    a, b = shape, count + 1.0
    front = exp(a * log(success) + b * log1p(-success) + _log_rising(b, a) - lgamma(a))
    if success < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, success) / a
    return 1 - front * _fraction(b, a, 1 - success) / b


def _log_rising(b: float, a: float) -> float:
    """Return log Gamma(b + a) - log Gamma(b); by Stirling's series where their difference would lose digits."""
    if b < LONGEST:
        return lgamma(b + a) - lgamma(b)
    series = (1 / (b + a) - 1 / b) / 12 - (1 / (b + a) ** 3 - 1 / b**3) / 360
    return (b + a - 0.5) * log1p(a / b) + a * (log(b) - 1) + series


def _fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method."""
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d or tiny)
    found = d
    for m in range(1, 100_000):
        for top in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / ((1 + top * d) or tiny)
            c = (1 + top / c) or tiny
            found *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return found
