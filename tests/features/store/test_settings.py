"""The settings of a store: their defaults, and what they refuse."""

import pytest

from features.errors import InvalidArgumentError
from features.store.settings import StoreSettings


def test_the_default_settings_of_a_store_are_these() -> None:
    """Changing one changes every store that is made without settings."""
    assert StoreSettings() == StoreSettings("UTC", "1GB", 2, 3, 1)


@pytest.mark.parametrize(
    "settings",
    [
        {"memory_limit": "much"},
        {"memory_limit": "-1GB"},
        {"memory_limit": ""},
        {"threads": 0},
        {"threads": -1},
        {"generations": 0},
        {"buckets": 0},
        {"buckets": 257},
    ],
)
def test_settings_of_a_store_check_themselves(settings: dict[str, object]) -> None:
    """A size that is none, or no thread, is refused by its name."""
    with pytest.raises(InvalidArgumentError, match=next(iter(settings))):
        StoreSettings(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("timezone", ["Mars/Base", "", "../UTC"])
def test_an_unknown_time_zone_is_refused(timezone: str) -> None:
    """With names that there are."""
    with pytest.raises(InvalidArgumentError, match="is not in the IANA database"):
        StoreSettings(timezone=timezone)
