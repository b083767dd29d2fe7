"""Ratings: visits and feedback get the same features of both ratings, each from its own events."""

import pytest

from features.definitions.ratings import RATINGS, rating_aggregates, rating_columns
from tests.features.definitions.histories import event, features, some


@pytest.mark.parametrize("event_type", ["visit", "feedback"])
def test_each_rating_has_its_mean_and_last(event_type: str) -> None:
    """Three aggregates and two columns a rating, named after the type of event and the rating."""
    aggregates = rating_aggregates(event_type)  # type: ignore[arg-type]
    assert [a.name for a in aggregates] == [
        f"{event_type}_{rating}_{how}" for rating in RATINGS for how in ("count", "sum", "last")
    ]
    assert {a.event_type for a in aggregates} == {event_type}
    columns = rating_columns(event_type, "everywhere", "somewhere")  # type: ignore[arg-type]
    assert [c.name for c in columns] == [
        f"{event_type}_{rating}_{how}" for rating in RATINGS for how in ("mean", "last")
    ]
    assert columns[0].meaning == "mean satisfaction rating given everywhere"
    assert columns[3].meaning == "last loyalty rating given somewhere"


def test_ratings_at_visits_and_as_feedback_are_kept_apart() -> None:
    """A rating of 0 counts; one that was not given does not."""
    found = features(
        event("visit", 20, satisfaction=0.0), event("feedback", 10, satisfaction=6.0), event("feedback", 5, loyalty=2.5)
    )
    assert some(found, "visit_satisfaction_mean visit_satisfaction_last visit_loyalty_mean") == [0, 0, None]
    assert some(found, "feedback_satisfaction_mean feedback_satisfaction_last feedback_loyalty_last") == [6, 6, 2.5]
