"""Synthetic customers: of every kind, and the same every time."""

import json

from features.definitions import FEATURE_NAMES
from training.synthetic_customers import synthetic_customers


def test_the_invented_are_of_every_sort() -> None:
    """One-time and frequent buyers, one who buys daily, one of yesterday, one who never bought; the same every time."""
    found = synthetic_customers("2011-06-10", 60)
    assert list(found) == list(FEATURE_NAMES)
    assert len(found) == 63
    assert found.loc["stranger", "purchase_days"] == 0
    assert found.loc["daily", "frequency"] == found.loc["daily", "recency"] == 598
    assert found.loc["yesterday's", ["frequency", "T"]].tolist() == [0, 1]
    assert found["frequency"].nunique() > 5
    assert json.dumps(found.to_dict()) == json.dumps(synthetic_customers("2011-06-10", 60).to_dict())
