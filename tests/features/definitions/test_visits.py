"""Visits: each feature of a short history, worked by hand."""

from datetime import datetime

import pytest

from features.engines.feature_table import feature_table
from tests.features.definitions.histories import event, features, some
from tests.features.logs import DAY, KIND, Event, Log, microseconds, shelved


def at(text: str) -> int:
    return microseconds(datetime.fromisoformat(text + "+00:00"))


HISTORY = (
    event("visit", 400, channel="phone", goal="loyalty", outcome="refused", loyalty=4.0),
    event("visit", 80, channel="phone", goal="purchase_count", outcome="ordered", satisfaction=8.0),
    event("visit", 20, channel="email", goal="satisfaction", outcome="neutral", satisfaction=7.0, loyalty=9.0),
    event("visit", 10, channel="face_to_face"),
)


def test_counts_by_channel_goal_and_outcome() -> None:
    """A visit without a goal or outcome counts as a visit only."""
    found = features(*HISTORY)
    assert some(found, "visit_count visits_face_to_face visits_phone visits_email") == [4, 1, 2, 1]
    goals = "visits_for_purchase_count visits_for_purchase_value visits_for_satisfaction visits_for_loyalty"
    assert some(found, goals) == [1, 0, 1, 1]
    outcomes = "visits_ordered visits_interested visits_neutral visits_refused visits_no_contact"
    assert some(found, outcomes) == [1, 0, 1, 1, 0]
    assert found["visit_positive_share"] == 1 / 3


def test_windows_and_the_last_visit() -> None:
    """Visits of the last 30, 90 and 365 days, and days since the last."""
    assert some(features(*HISTORY), "visits_30 visits_90 visits_365 days_since_last_visit") == [2, 3, 3, 10]


def test_ratings() -> None:
    """Means are over the visits with that rating; the last is by time."""
    found = features(*HISTORY)
    assert some(found, "visit_satisfaction_mean visit_satisfaction_last") == [7.5, 7]
    assert some(found, "visit_loyalty_mean visit_loyalty_last") == [6.5, 9]


def test_nulls() -> None:
    """Without a visit, an outcome or a rating the features that need one are null."""
    assert some(features(event("purchase", 3)), "visit_count days_since_last_visit visit_positive_share") == [
        0,
        None,
        None,
    ]
    assert some(features(HISTORY[3]), "visit_positive_share visit_loyalty_mean visit_satisfaction_last") == [None] * 3


@pytest.mark.parametrize(("wait", "followed"), [(-9, 0), (0, 1), (14 * DAY, 1), (15 * DAY - 1, 1), (15 * DAY, 0)])
def test_a_visit_is_followed_by_a_purchase(wait: int, followed: int) -> None:
    """At the same moment, or on one of the next 14 days, counted once however much is bought."""
    visit = at("2024-03-01T00:00")
    bought = 2 * [Event("a", visit + wait, KIND["purchase"])]
    log = Log([*bought, Event("a", visit, KIND["visit"])], "UTC", datetime(2024, 6, 10).date())
    assert feature_table(shelved(log), "2024-06-10")["visits_followed_14"].tolist() == [followed]


def test_a_purchase_follows_only_the_visits_since_the_one_before() -> None:
    """Two visits before a purchase both count, and neither counts again for the next purchase."""
    visits = [event("visit", 30), event("visit", 25)]
    assert features(*visits, event("purchase", 20), event("purchase", 19))["visits_followed_14"] == 2
