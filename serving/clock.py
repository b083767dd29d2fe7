"""The one place of the library that looks at the clock: a request without `as_of` asks about now."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present moment, with its offset (UTC)."""
    return datetime.now(UTC)
