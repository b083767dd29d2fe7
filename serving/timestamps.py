"""Times as requests write them, to moments and business days; what is no time, or cannot be, is refused.

The forms are those that ingest reads from text: a date, or a date and time, with an offset or without one.
"""

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from features.errors import TimestampError
from features.schema import FIRST_YEAR, LAST_YEAR
from features.timezones import SECOND, business_timezone

_CLOCK = r"([01][0-9]|2[0-3])(:[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?)?"
_OFFSET = r" ?(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
TIME = rf"^[0-9]{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([ T]{_CLOCK}({_OFFSET})?)?$"
"""What a time looks like, for `re.search` and JSON Schema; that the day exists is asked of the calendar."""

AHEAD = timedelta(days=1)
DAY = 86_400
EPOCH = date(1970, 1, 1).toordinal()
_EPOCH_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(NamedTuple):
    """A moment as the features take it: microseconds since 1970 UTC, and the day in the business time zone."""

    time: int
    day: int


def read_moment(text: str, timezone: str, latest: int) -> Moment:
    """Return the moment written in a text of the form `TIME`.

    Without an offset it is a time of the business time zone, of two the first when clocks go back. Raises
    TimestampError for days that do not exist, times that the clocks skipped, years outside FIRST_YEAR to LAST_YEAR,
    and times after `latest` (microseconds).
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        try:
            time = datetime.fromisoformat(text[:11] + text[11:].replace(" ", ""))
        except ValueError:
            raise TimestampError(f"found {text!r}, expected a day that exists, like 2011-06-10") from None
    if not FIRST_YEAR < time.year < LAST_YEAR:
        _refuse_far_years(time)
    wall = (time.toordinal() - EPOCH) * DAY + time.hour * 3600 + time.minute * 60 + time.second
    zone = _zone(timezone)
    if time.tzinfo is None:
        day = wall // DAY
        offset = zone.steady(day)
        if offset is None:
            time = time.replace(tzinfo=zone.info)
            offset = _seconds(time)
            if _skipped(time):
                raise TimestampError(
                    f"found {text!r}, which the clocks of {timezone} skipped; expected a time that was"
                )
        second = wall - offset
    else:
        second = wall - _seconds(time)
        day = (second + zone.offset(second)) // DAY
    moment = Moment(second * 1_000_000 + time.microsecond, day)
    if moment.time > latest:
        raise TimestampError(f"found {text!r}, more than a day ahead of the clock; expected a time that was")
    return moment


def moment(time: datetime, timezone: str) -> Moment:
    """Return a time that has its zone as a moment of the business."""
    second = (time.toordinal() - EPOCH) * DAY + time.hour * 3600 + time.minute * 60 + time.second - _seconds(time)
    return Moment(second * 1_000_000 + time.microsecond, (second + _zone(timezone).offset(second)) // DAY)


def written(moment: Moment, timezone: str) -> datetime:
    """Return the moment as a time of the business time zone."""
    return (_EPOCH_MOMENT + timedelta(microseconds=moment.time)).astimezone(_zone(timezone).info)


class _Zone:
    """A time zone whose offsets are remembered for days far from any change of the clock."""

    def __init__(self, timezone: str) -> None:
        self.info = ZoneInfo(timezone)
        self._changes = [int(change) // SECOND for change in business_timezone(timezone).changes]
        self._steady: dict[int, int | None] = {}

    def steady(self, day: int) -> int | None:
        """Return the offset in seconds of a whole day, of UTC or of the zone; None near a change of the clock."""
        if day in self._steady:
            return self._steady[day]
        first, last = ((day + away) * DAY for away in (-1, 2))
        change = bisect_left(self._changes, first)
        near = change < len(self._changes) and self._changes[change] <= last
        found = None if near else self._look_up(day * DAY)
        self._steady[day] = found
        return found

    def offset(self, second: int) -> int:
        """Return the offset in seconds at a moment."""
        found = self.steady(second // DAY)
        return self._look_up(second) if found is None else found

    def _look_up(self, second: int) -> int:
        return _seconds((_EPOCH_MOMENT + timedelta(seconds=second)).astimezone(self.info))


def _seconds(time: datetime) -> int:
    offset = time.utcoffset() or timedelta()
    return offset.days * DAY + offset.seconds


def _refuse_far_years(time: datetime) -> None:
    """Raise TimestampError outside the years of the contract, which are those of UTC where an offset is given."""
    try:
        year = time.astimezone(UTC).year if time.tzinfo else time.year
    except OverflowError:
        year = 0
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise TimestampError(f"found the year {time.year}, expected {FIRST_YEAR} to {LAST_YEAR}")


def _skipped(time: datetime) -> bool:
    there = time.astimezone(UTC).astimezone(time.tzinfo)
    return there.replace(tzinfo=None) != time.replace(tzinfo=None)


@lru_cache
def _zone(timezone: str) -> _Zone:
    return _Zone(timezone)
