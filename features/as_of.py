"""The cutoff `as_of`, parsed once where it enters and passed on as an `AsOf`."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Self
from zoneinfo import ZoneInfo

from features.errors import AsOfError
from features.schema import FIRST_YEAR, LAST_YEAR

EPOCH = date(1970, 1, 1)
_EPOCH_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class AsOf:
    """A cutoff in time: only events before it are used.

    Attributes
    ----------
    time : int
        Microseconds since 1970-01-01 00:00 UTC.
    day : int
        Its day in the business time zone, counted from 1970-01-01.

    Examples
    --------
    >>> cutoff = AsOf.parse("2011-06-10", "Europe/London")
    >>> cutoff.day, cutoff.date.isoformat()
    (15135, '2011-06-10')
    """

    time: int
    day: int

    @classmethod
    def parse(cls, value: "AsOfLike", timezone: str) -> Self:
        """Return the cutoff given by a date, a time or a text in ISO format.

        Parameters
        ----------
        value : AsOf, str, datetime.date or datetime.datetime
            A date is its midnight in the business time zone. A time without an offset is in that zone; when clocks go
            back, the first of the two is meant. An `AsOf` is returned as it is.
        timezone : str
            The business time zone, a name of the IANA database.

        Raises
        ------
        AsOfError
            When the value is not a date or time, or outside the years of the event contract.
        """
        if isinstance(value, cls):
            return value
        try:
            # ISO format alone: other readers take 10/06/2011 for October and "now" for a date.
            parsed = datetime.fromisoformat(value) if isinstance(value, str) else value
            if not isinstance(parsed, date) or not FIRST_YEAR <= parsed.year <= LAST_YEAR:
                raise ValueError
        except ValueError:
            raise AsOfError(
                f"as_of {value!r} is no date or time: write it like 2011-06-10 or 2011-06-10T09:30:00+01:00"
            ) from None
        # A plain datetime, also of a date and of a pandas Timestamp, which would refuse times that clocks skip.
        parsed = datetime.combine(parsed, parsed.time() if isinstance(parsed, datetime) else time(), _zone_of(parsed))
        zone = ZoneInfo(timezone)
        local = parsed.replace(tzinfo=zone) if parsed.tzinfo is None else parsed.astimezone(zone)
        return cls(microseconds(local), (local.date() - EPOCH).days)

    @classmethod
    def at_midnight(cls, day: int, timezone: str) -> Self:
        """Return the cutoff at the midnight that begins a day.

        Parameters
        ----------
        day : int
            Counted from 1970-01-01 in the business time zone.
        timezone : str
            The business time zone, a name of the IANA database.
        """
        return cls.parse(EPOCH + timedelta(days=day), timezone)

    @classmethod
    def at_time(cls, time: int, timezone: str) -> Self:
        """Return the cutoff at a time.

        Parameters
        ----------
        time : int
            Microseconds since 1970-01-01 00:00 UTC.
        timezone : str
            The business time zone, a name of the IANA database.
        """
        return cls.parse(_EPOCH_TIME + timedelta(microseconds=time), timezone)

    @property
    def date(self) -> date:
        """The day in the business time zone, as a date."""
        return day_date(self.day)


def _zone_of(value: date) -> tzinfo | None:
    return value.tzinfo if isinstance(value, datetime) else None


AsOfLike = str | date | datetime | AsOf
"""Types that functions accept as a cutoff; a pandas Timestamp is a datetime."""


def day_date(day: int) -> date:
    """Return the date of a day counted from 1970-01-01."""
    return EPOCH + timedelta(days=day)


def microseconds(time: datetime) -> int:
    """Return an aware time in microseconds since 1970-01-01 00:00 UTC."""
    since = time - _EPOCH_TIME
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def utc(time: int) -> datetime:
    """Return the time in UTC of microseconds since 1970-01-01 00:00 UTC, the inverse of `microseconds`."""
    return _EPOCH_TIME + timedelta(microseconds=time)
