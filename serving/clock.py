"""The only module that reads the clock: of a request without `as_of`, and of the start of a retrain."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)
