"""Converts whole columns between UTC and the wall-clock time of the business time zone.

Both are microseconds since 1970-01-01 00:00, in UTC or on the zone's clock. The rules are those of `zoneinfo`: of a
wall-clock time that occurs twice, when clocks go back, the first one is meant (`fold=0`).
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

Microseconds = NDArray[np.int64]

SECOND = 1_000_000
DAY = 86_400 * SECOND


class BusinessTimezone(NamedTuple):
    """The offsets of a time zone from UTC.

    Attributes
    ----------
    timezone : str
        Its name in the IANA database.
    changes : numpy.ndarray of int64, shape (changes,)
        The times, in UTC, when the offset changes: `offsets[i]` holds until `changes[i]`, `offsets[i + 1]` from it on.
    offsets : numpy.ndarray of int64, shape (changes + 1,)
        Wall-clock time minus UTC, in microseconds.
    """

    timezone: str
    changes: Microseconds
    offsets: Microseconds

    def to_utc(self, wall_clock: Microseconds) -> tuple[Microseconds, NDArray[np.bool_]]:
        """Return wall-clock times in UTC, and which of them exist: clocks that go forward skip some."""
        if not len(self.changes):
            return wall_clock - self.offsets[0], np.ones(len(wall_clock), bool)
        period = np.searchsorted(self.changes + self.offsets[:-1], wall_clock, side="right")
        times = wall_clock - self.offsets[period]
        starts = np.concatenate([[np.iinfo(np.int64).min], self.changes])
        return times, times >= starts[period]

    def to_wall_clock(self, times: Microseconds) -> Microseconds:
        """Return what the zone's clock shows at times in UTC."""
        offsets = self.offsets[np.searchsorted(self.changes, times, "right")] if len(self.changes) else self.offsets[0]
        wall_clock: Microseconds = times + offsets
        return wall_clock

    def days(self, times: Microseconds) -> NDArray[np.int32]:
        """Return the days, in the zone, of times in UTC; counted from 1970-01-01."""
        days: NDArray[np.int32] = (self.to_wall_clock(times) // DAY).astype(np.int32)
        return days


@lru_cache
def business_timezone(timezone: str) -> BusinessTimezone:
    """Return the offsets of a time zone from FIRST_YEAR to LAST_YEAR.

    Parameters
    ----------
    timezone : str
        A name of the IANA database, such as "Europe/Berlin".

    Raises
    ------
    TimezoneError
        When there is no such zone; suggests the nearest names.

    Examples
    --------
    >>> import numpy as np
    >>> utc, exists = business_timezone("Europe/Berlin").to_utc(np.array([0]))
    >>> utc.tolist(), exists.tolist()  # midnight in Berlin is 23:00 in UTC
    ([-3600000000], [True])
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
    # A change lies between two midnights (UTC) of unequal offset; bisection finds its second.
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
    """Return the zone's offset from UTC at a time in seconds since 1970-01-01 UTC."""
    return datetime.fromtimestamp(second, zone).utcoffset() or timedelta()
