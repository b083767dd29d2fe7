"""How often a caller may ask: windows that slide, counted in each worker by itself."""

import math
import re
from functools import lru_cache

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from features.errors import RateLimitError


@lru_cache(maxsize=1024)
def parsed_rate(rate: object) -> RateLimitItem:
    """Return a rate like `100/second` or `5000/minute`; raises RateLimitError for anything else."""
    if not isinstance(rate, str) or not re.fullmatch(r"[1-9]\d{0,8}/(second|minute|hour|day)", rate):
        raise RateLimitError(f"{rate!r} is no rate: write it like 100/second, 5000/minute, 20000/hour or 1000000/day")
    return parse(rate)


class Rates:
    """Counts of the calls of each caller; a worker has its own, so with several a caller has as many times the rate."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)

    def wait(self, who: str, rate: str) -> int:
        """Count one call; return 0 when it may go on, else the whole seconds after which to try again."""
        item = parsed_rate(rate)
        if self._limiter.hit(item, who):
            return 0
        window = item.get_expiry()
        before, before_ends, now, now_ends = self._storage.get_sliding_window(item.key_for(who), window)
        # The calls of the window before count less and less until it is a window ago; those of this one when it ends.
        room = item.amount - now
        seconds = before_ends - room * window / before if before and room > 0 else now_ends - window
        return min(window, max(1, math.floor(seconds) + 1))
