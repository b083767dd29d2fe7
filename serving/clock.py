"""The only module that reads the clock: of a request without `as_of`, of the start of a retrain, and of a pruning."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)
