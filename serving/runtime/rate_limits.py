"""Rate limits with sliding windows, counted in each worker by itself."""

import math
from functools import lru_cache

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from serving.runtime.settings import check_rate


@lru_cache(maxsize=1024)
def parse_rate(rate: object) -> RateLimitItem:
    """Return a rate like `100/second` or `5000/minute`; raises RateLimitError for anything else."""
    return parse(check_rate(rate))


class RateLimiter:
    """Counts the requests of each client; with several workers a client may get the rate from each of them."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)

    def wait(self, client: str, rate: str) -> int:
        """Count one request; return 0 if it may pass, else the whole seconds after which to try again."""
        item = parse_rate(rate)
        if self._limiter.hit(item, client):
            return 0
        window = item.get_expiry()
        previous, previous_ends, current, current_ends = self._storage.get_sliding_window(item.key_for(client), window)
        # Requests of the previous window lose weight until it has passed; those of this one do when it ends.
        room = item.amount - current
        seconds = previous_ends - room * window / previous if previous and room > 0 else current_ends - window
        return min(window, max(1, math.floor(seconds) + 1))
