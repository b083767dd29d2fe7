"""Feedback: each feature of a short history, worked by hand."""

from tests.features.definitions.histories import event, features, some

HISTORY = (
    event("feedback", 500, satisfaction=9.0),
    event("feedback", 181, satisfaction=7.0, loyalty=3.0),
    event("feedback", 180, satisfaction=5.0),
    event("feedback", 2, satisfaction=6.0),
    event("feedback", 1),
)


def test_counts_and_the_last_feedback() -> None:
    """All feedback counts, with a rating or without."""
    assert some(features(*HISTORY), "feedback_count feedback_365 days_since_last_feedback") == [5, 4, 1]


def test_ratings() -> None:
    """Means are over the feedback with that rating; the last rating is by time."""
    found = features(*HISTORY)
    assert some(found, "feedback_satisfaction_mean feedback_satisfaction_last") == [27 / 4, 6]
    assert some(found, "feedback_loyalty_mean feedback_loyalty_last") == [3, 3]


def test_the_trend_is_recent_less_earlier_satisfaction() -> None:
    """The mean of the last 180 days less the mean before; falling satisfaction is negative."""
    assert features(*HISTORY)["feedback_trend"] == (5 + 6) / 2 - (9 + 7) / 2


def test_nulls() -> None:
    """No feedback, no such rating, or ratings on one side only."""
    names = "feedback_count days_since_last_feedback feedback_satisfaction_mean feedback_loyalty_last feedback_trend"
    assert some(features(event("usage", 1)), names) == [0, None, None, None, None]
    assert some(features(*HISTORY[:2]), "feedback_trend feedback_satisfaction_mean") == [None, 8]
    assert some(features(*HISTORY[2:]), "feedback_trend feedback_loyalty_mean") == [None, None]
