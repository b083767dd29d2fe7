"""The family of an event type that has none: counts, recency and, of money, sums."""

from features.definitions.generic import generic_family
from features.definitions.registry import FeatureSet
from features.engines.python_engine import customer_features
from tests.features.definitions.histories import AS_OF, event

NAMES = ["usage_count", "usage_count_30", "usage_count_90", "usage_count_365", "days_since_last_usage"]


def test_counts_and_recency_of_any_type() -> None:
    """Three events, of which one is in the last 30 days and two in the last 90."""
    features = FeatureSet((generic_family("usage", False),))
    assert list(features.names) == NAMES
    found = customer_features([event("usage", days) for days in (10, 80, 400)], AS_OF, features=features)
    assert [found[name] for name in NAMES] == [3, 1, 2, 2, 10]


def test_sums_of_a_type_with_amounts() -> None:
    """An event without an amount counts and adds nothing."""
    features = FeatureSet((generic_family("return", True),))
    log = [event("return", 10, amount=2.5), event("return", 80), event("return", 400, amount=1.0)]
    found = customer_features(log, AS_OF, features=features)
    assert found["return_count_90"] == 2
    amounts = [name for name in features.names if "amount" in name]
    assert [found[name] for name in amounts] == [3.5, 2.5, 2.5, 2.5]
    assert all(features.limits[name] == (0.0, 1e15, False) for name in amounts)


def test_the_words_of_a_type_are_its_heading() -> None:
    """Underscores are spaces in texts, and the family says that it was made."""
    family = generic_family("service_ticket", False)
    assert (family.name, family.origin != "") == ("service ticket", True)
    assert family.columns[0].meaning == "events of the type service ticket"
