"""Features of feedback: how often it was given, the ratings in it, and their trend."""

from features.definitions.ratings import rating_aggregates, rating_columns
from features.definitions.specs import NEVER, Aggregate, Family, FeatureColumn, How

RECENT = 180
"""Days of the recent half of the satisfaction trend."""


def _feedback(name: str, how: How, value: str = "1", where: str = "", empty: int = 0) -> Aggregate:
    return Aggregate(name, "feedback", how, value, where, empty)


AGGREGATES = (
    _feedback("feedback_count", "count"),
    _feedback("feedback_365", "count", where="age <= 365"),
    _feedback("last_feedback_day", "max", "day", empty=NEVER),
    *rating_aggregates("feedback"),
    _feedback("feedback_recent_count", "count", where=f"satisfaction >= 0 and age <= {RECENT}"),
    _feedback("feedback_recent_sum", "sum", "satisfaction", f"satisfaction >= 0 and age <= {RECENT}"),
)

COLUMNS = (
    FeatureColumn("feedback_count", "feedbacks", "times the customer gave feedback", "feedback_count"),
    FeatureColumn(
        "feedback_365",
        "feedbacks",
        "times the customer gave feedback in the last 365 days",
        "feedback_365",
        covariate="log1p",
    ),
    *rating_columns("feedback", "as feedback", "as feedback"),
    FeatureColumn(
        "feedback_trend",
        "rating",
        f"mean satisfaction of the last {RECENT} days less the mean before",
        "feedback_recent_sum / (1000 * feedback_recent_count) - (feedback_satisfaction_sum - feedback_recent_sum)"
        " / (1000 * (feedback_satisfaction_count - feedback_recent_count))",
        "feedback_recent_count == 0 or feedback_satisfaction_count == feedback_recent_count",
        f"null unless there are ratings on both sides of {RECENT} days ago",
    ),
    FeatureColumn(
        "days_since_last_feedback",
        "days",
        "last feedback to as_of",
        "as_of_day - last_feedback_day",
        "feedback_count == 0",
        "null without feedback",
        covariate="log1p",
    ),
)

FAMILY = Family("feedback", AGGREGATES, COLUMNS)
