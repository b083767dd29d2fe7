"""The only module that reads the clock: a request without `as_of` has the present time as its cutoff."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)
