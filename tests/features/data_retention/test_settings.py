"""Retention is off where nothing is set, and days are at least 1."""

import pytest

from features.data_retention.settings import DataRetentionSettings
from features.errors import InvalidArgumentError


def test_nothing_is_removed_unasked() -> None:
    """No period has a default."""
    assert set(vars(DataRetentionSettings()).values()) == {None}


@pytest.mark.parametrize("name", list(vars(DataRetentionSettings())))
def test_no_day_is_no_period(name: str) -> None:
    """0 would remove what was written a moment ago."""
    with pytest.raises(InvalidArgumentError, match=f"{name} is 0, expected at least 1"):
        DataRetentionSettings(**{name: 0})
