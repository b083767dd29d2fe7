"""The business time zone: wall-clock times to moments and back, for whole columns.

Moments and wall-clock times are microseconds since 1970-01-01 00:00, in UTC and on the zone's clock. The rules are
those of `zoneinfo`: a time that comes twice (clocks put back) is its first occurrence, as with `fold=0`.
"""

from datetime import date, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np
from numpy.typing import NDArray

from features.errors import TimezoneError
from features.schema import FIRST_YEAR, LAST_YEAR

Moments = NDArray[np.int64]

SECOND = 1_000_000
DAY = 86_400 * SECOND


class BusinessTimezone(NamedTuple):
    """A zone's changes of the clock: `changes[i]` is the moment when `offsets[i]` gives way to `offsets[i + 1]`."""

    timezone: str
    changes: Moments
    offsets: Moments

    def to_utc(self, wall_clock: Moments) -> tuple[Moments, NDArray[np.bool_]]:
        """Return the moments of wall-clock times, and which of these times exist (a clock put forward skips some)."""
        if not len(self.changes):
            return wall_clock - self.offsets[0], np.ones(len(wall_clock), bool)
        reached = np.searchsorted(self.changes + self.offsets[:-1], wall_clock, side="right")
        moments = wall_clock - self.offsets[reached]
        before = np.concatenate([[np.iinfo(np.int64).min], self.changes])
        return moments, moments >= before[reached]

    def to_wall_clock(self, moments: Moments) -> Moments:
        """Return what the zone's clock shows at the moments."""
        offsets = (
            self.offsets[np.searchsorted(self.changes, moments, "right")] if len(self.changes) else self.offsets[0]
        )
        wall_clock: Moments = moments + offsets
        return wall_clock

    def days(self, moments: Moments) -> NDArray[np.int32]:
        """Return the moments' days in the zone, counted from 1970-01-01."""
        days: NDArray[np.int32] = (self.to_wall_clock(moments) // DAY).astype(np.int32)
        return days


@lru_cache
def business_timezone(timezone: str) -> BusinessTimezone:
    """Return the clock of a zone of the IANA database (`Europe/Berlin`), from FIRST_YEAR to LAST_YEAR.

    Raises ValueError with the nearest names when there is no such zone.
    """
    if timezone == "UTC":
        return BusinessTimezone(timezone, np.empty(0, np.int64), np.zeros(1, np.int64))
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(timezone, sorted(available_timezones()), 3, 0.5) or ["Europe/Berlin"]
        raise TimezoneError(
            f"time zone {timezone!r} is not in the IANA database: give a name such as {', '.join(near)}"
        ) from None
    # A change lies between two midnights (UTC) of unequal offset; halving finds its second.
    first, last = date(FIRST_YEAR - 1, 12, 1).toordinal(), date(LAST_YEAR + 1, 2, 1).toordinal()
    midnights = [86_400 * (day - date(1970, 1, 1).toordinal()) for day in range(first, last)]
    offsets = [_offset(zone, midnight) for midnight in midnights]
    changes, after = [], [offsets[0]]
    for day in range(len(midnights) - 1):
        if offsets[day] != offsets[day + 1]:
            low, high = midnights[day], midnights[day + 1]
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(zone, middle) == offsets[day] else (low, middle)
            changes.append(high)
            after.append(offsets[day + 1])
    seconds = [round(offset.total_seconds()) for offset in after]
    return BusinessTimezone(timezone, np.array(changes, np.int64) * SECOND, np.array(seconds, np.int64) * SECOND)


def _offset(zone: ZoneInfo, second: int) -> timedelta:
    """Return the zone's distance from UTC, seconds since 1970-01-01 UTC given."""
    return datetime.fromtimestamp(second, zone).utcoffset() or timedelta()
