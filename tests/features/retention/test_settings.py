"""Retention is off where nothing is set, and days are at least 1."""

import pytest

from features.errors import InvalidArgumentError
from features.retention.settings import RetentionSettings


def test_nothing_is_removed_unasked() -> None:
    """No period has a default."""
    assert set(vars(RetentionSettings()).values()) == {None}


@pytest.mark.parametrize("name", list(vars(RetentionSettings())))
def test_no_day_is_no_period(name: str) -> None:
    """0 would remove what was written a moment ago."""
    with pytest.raises(InvalidArgumentError, match=f"{name} is 0, expected at least 1"):
        RetentionSettings(**{name: 0})
