"""The interval of `HurdleDistribution` for one customer, without SciPy."""

from bisect import bisect_left
from collections.abc import Sequence
from math import exp, lgamma, log, log1p

from training.models.purchases.constants import LOG_SHAPE_LIMIT, MAX_SHORTENED, MIN_TERM, PACE_DAYS

MAX_TERMS = 2000
"""The terms of the distribution are added up one by one to this count."""
MAX_PROBABILITY = 1 - 1e-9
"""A quantile of a probability above it is that of this probability."""


def interval(
    expected: float,
    none: float,
    dispersion: tuple[float, float],
    horizon_days: float,
    content: float,
    shorten: bool = True,
    level_variance: float = 0.0,
) -> tuple[float, float]:
    """Return low and high, as `HurdleDistribution.interval` does for each customer."""
    purchase = max(1 - none, 1e-12)
    beyond = max(expected / purchase - 1, 1e-6)
    log_shape = dispersion[0] + dispersion[1] * log(beyond * PACE_DAYS / max(horizon_days, 1e-9))
    shape = exp(min(max(log_shape, -LOG_SHAPE_LIMIT), LOG_SHAPE_LIMIT))
    shape /= 1 + level_variance * (shape + 1)
    success = shape / (shape + beyond)
    wanted = [((1 - content) / 2 - none) / purchase, ((1 + content) / 2 - none) / purchase, (content - none) / purchase]
    below = _below(max(wanted), shape, success)
    low, high, upper = _quantiles(wanted, below, shape, success)
    if upper <= high - low:
        low, high = 0, upper
        below = below or _below(wanted[2], shape, success)
    if shorten and below and none < 1 - content and low < high <= MAX_SHORTENED:
        low, high = _shortened(low, high, content / (1 - none), below, shape, success)
    return float(low), float(high)


def quantiles(probabilities: Sequence[float], shape: float, success: float) -> list[int]:
    """Return `HurdleDistribution.quantile`: 0 for a probability up to 0, else 1 and the negative binomial quantile."""
    return _quantiles(probabilities, _below(max(probabilities), shape, success), shape, success)


def _quantiles(probabilities: Sequence[float], below: list[float], shape: float, success: float) -> list[int]:
    """Return `quantiles`; `below`: P(N < count) up to the greatest of them, or nothing where terms are too many."""
    wanted = [min(probability, MAX_PROBABILITY) for probability in probabilities]
    if below:
        return [bisect_left(below, probability) for probability in wanted]
    return [1 + _searched(probability, shape, success) if probability > 0 else 0 for probability in wanted]


def _below(most: float, shape: float, success: float) -> list[float]:
    """Return P(N < count) of a negative binomial until it reaches `most`; nothing where terms are too many."""
    most = min(most, MAX_PROBABILITY)
    below, total = [0.0], 0.0
    if most <= 0:
        return below
    term, fail = success**shape, 1 - success
    if term <= MIN_TERM:
        return []
    rising = fail * (shape - 1)
    for count in range(1, MAX_TERMS + 1):
        total += term
        below.append(total)
        if total >= most:
            return below
        term *= rising / count + fail
    return []


def _shortened(
    low: int, high: int, content: float, below: list[float], shape: float, success: float
) -> tuple[int, int]:
    """Return the shortest interval, as `shortest` does; `content` of the counts beyond the first purchase."""
    most, length, beyond = 2 * high + 2, high - low, 0
    total, term, fail = below[-1], below[-1] - below[-2], 1 - success
    rising = fail * (shape - 1)
    while length and below[beyond] < 1 - content and beyond + length <= most:
        while len(below) <= beyond + length:
            term *= rising / (len(below) - 1) + fail
            total += term
            below.append(total)
        while below[beyond + length] - below[beyond] >= content:
            low, high, length = beyond + 1, beyond + length, length - 1
        beyond += 1
    return low, high


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
    if b < MAX_TERMS:
        return lgamma(b + a) - lgamma(b)
    series = (1 / (b + a) - 1 / b) / 12 - (1 / (b + a) ** 3 - 1 / b**3) / 360
    return (b + a - 0.5) * log1p(a / b) + a * (log(b) - 1) + series


def _fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method."""
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d or tiny)
    fraction = d
    for m in range(1, 100_000):
        for top in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / ((1 + top * d) or tiny)
            c = (1 + top / c) or tiny
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return fraction
