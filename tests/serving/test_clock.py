"""The clock gives the present time with its offset."""

from datetime import UTC, datetime, timedelta

from serving.clock import utc_now


def test_the_time_is_utc() -> None:
    """It has the offset of UTC, and never goes back."""
    before = datetime.now(UTC)
    now = utc_now()
    assert now.utcoffset() == timedelta()
    assert before <= now <= utc_now()
