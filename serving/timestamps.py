"""Parses the timestamps of requests; the accepted forms are those that ingest reads from text."""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from features.errors import TimestampError
from features.schema import FIRST_YEAR, LAST_YEAR
from features.timezones import DAY, SECOND, business_timezone

_CLOCK = r"([01][0-9]|2[0-3])(:[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?)?"
_OFFSET = r" ?(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
TIME = rf"^[0-9]{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([ T]{_CLOCK}({_OFFSET})?)?$"
"""The form of a timestamp, for `re.search` and JSON Schema; `read_timestamp` checks that the day exists."""
_EPOCH = date(1970, 1, 1).toordinal()
_EPOCH_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def read_timestamp(text: str, timezone: str, latest: int) -> tuple[int, int]:
    """Return a timestamp as microseconds since 1970 UTC and as its day in the business time zone.

    Parameters
    ----------
    text : str
        Of the form `TIME`. Without an offset it is in the business time zone; of two such times, when clocks go back,
        the first.
    timezone : str
        The business time zone.
    latest : int
        The last acceptable time, in microseconds.

    Raises
    ------
    TimestampError
        For a day that does not exist, a time that the clocks skipped, a year outside FIRST_YEAR to LAST_YEAR, and a
        time after `latest`.
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
    seconds = (time.toordinal() - _EPOCH) * 86_400 + time.hour * 3600 + time.minute * 60 + time.second
    wall_clock = seconds * SECOND + time.microsecond
    changes, local_changes, offsets = _clock_changes(timezone)
    offset = time.utcoffset()
    if offset is None:
        period = bisect_right(local_changes, wall_clock)
        moment = wall_clock - offsets[period]
        if period and moment < changes[period - 1]:
            detail = f"found {text!r}, which the clocks of {timezone} skipped; expected a time that was"
            raise TimestampError(detail)
        day = wall_clock // DAY
    else:
        moment = wall_clock - (offset.days * 86_400 + offset.seconds) * SECOND
        day = (moment + offsets[bisect_right(changes, moment)]) // DAY
    if moment > latest:
        raise TimestampError(f"found {text!r}, more than a day ahead of the clock; expected a time that was")
    return moment, day


def microseconds(time: datetime) -> int:
    """Return a time with an offset as microseconds since 1970 UTC."""
    return (time - _EPOCH_TIME) // _MICROSECOND


def local_time(time: int, timezone: str) -> datetime:
    """Return microseconds since 1970 UTC as a time of the business time zone."""
    return (_EPOCH_TIME + timedelta(microseconds=time)).astimezone(ZoneInfo(timezone))


@lru_cache
def _clock_changes(timezone: str) -> tuple[list[int], list[int], list[int]]:
    """Return the zone's changes of the clock, in UTC and on the old clock, and the offsets before and after each."""
    clock = business_timezone(timezone)
    return clock.changes.tolist(), (clock.changes + clock.offsets[:-1]).tolist(), clock.offsets.tolist()


def _refuse_far_years(time: datetime) -> None:
    """Raise TimestampError outside the years of the event contract, which count in UTC if an offset is given."""
    try:
        year = time.astimezone(UTC).year if time.tzinfo else time.year
    except OverflowError:
        year = 0
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise TimestampError(f"found the year {time.year}, expected {FIRST_YEAR} to {LAST_YEAR}")
