"""Usage: each feature of a short history, worked by hand."""

from features.definitions import usage
from tests.features.definitions.histories import event, features, some


def test_counts_windows_and_the_last_use() -> None:
    """A use on the first day of a window counts, one a day earlier does not."""
    found = features(*(event("usage", days) for days in (366, 365, 90, 31, 30, 8, 7)))
    assert found["usage_count"] == 7
    assert [found[f"usage_{w}"] for w in usage.WINDOWS] == [1, 3, 5, 6]
    assert found["days_since_last_usage"] == 7


def test_nulls() -> None:
    """Without a use the count is 0 and the days since are null."""
    assert some(features(event("purchase", 1)), "usage_count usage_365 days_since_last_usage") == [0, 0, None]
