"""Retention is off where nothing is set, and days are 1 to a century."""

import pytest

from features.data_retention.settings import DataRetentionSettings
from features.errors import InvalidArgumentError


def test_nothing_is_removed_unasked() -> None:
    """No period has a default."""
    assert set(vars(DataRetentionSettings()).values()) == {None}


@pytest.mark.parametrize("days", [0, 36_501, 10**11])
@pytest.mark.parametrize("name", list(vars(DataRetentionSettings())))
def test_days_are_within_what_dates_can_be(name: str, days: int) -> None:
    """0 would remove what was written a moment ago; what is beyond a century has no date."""
    with pytest.raises(InvalidArgumentError, match=f"{name} is {days}, expected 1 to 36500"):
        DataRetentionSettings(**{name: days})
