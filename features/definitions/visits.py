"""Features of visits: channel, goal, outcome, ratings given, and purchases that followed."""

from features.definitions.ratings import rating_aggregates, rating_columns
from features.definitions.specs import NEVER, Aggregate, CausalColumn, Family, FeatureColumn, How
from features.schema import GOALS, VISIT_CHANNELS, VISIT_OUTCOMES

WINDOWS = (30, 90, 365)
COVARIATES = {"visits_30": "log1p", "visits_refused": "log1p", "visits_no_contact": "log1p"}
"""The counts that are covariates of the models, with their transforms."""
FOLLOW_UP_DAYS = 14
"""How many days after a visit a purchase counts as following it."""
FOLLOWED = f"visits_followed_{FOLLOW_UP_DAYS}"


def _visit(name: str, how: How, value: str = "1", where: str = "", empty: int = 0) -> Aggregate:
    return Aggregate(name, "visit", how, value, where, empty)


CAUSAL = (CausalColumn("followed_visits", "purchase", "followed", of="visit", days=FOLLOW_UP_DAYS),)

AGGREGATES = (
    _visit("visit_count", "count"),
    *(_visit(f"visits_{c}", "count", where=f"channel == {c.upper()}") for c in VISIT_CHANNELS),
    *(_visit(f"visits_for_{g}", "count", where=f"goal == {g.upper()}") for g in GOALS),
    *(_visit(f"visits_{o}", "count", where=f"outcome == {o.upper()}") for o in VISIT_OUTCOMES),
    _visit("visits_with_outcome", "count", where="outcome != 255"),
    _visit("last_visit_day", "max", "day", empty=NEVER),
    *(_visit(f"visits_{w}", "count", where=f"age <= {w}") for w in WINDOWS),
    *rating_aggregates("visit"),
    Aggregate(FOLLOWED, "purchase", "sum", "followed_visits"),
)

COLUMNS = (
    FeatureColumn("visit_count", "visits", "visits", "visit_count"),
    *(FeatureColumn(f"visits_{c}", "visits", f"visits by channel {c}", f"visits_{c}") for c in VISIT_CHANNELS),
    *(FeatureColumn(f"visits_for_{g}", "visits", f"visits with the goal {g}", f"visits_for_{g}") for g in GOALS),
    *(
        FeatureColumn(
            f"visits_{o}",
            "visits",
            f"visits with the outcome {o}",
            f"visits_{o}",
            covariate=COVARIATES.get(f"visits_{o}", ""),
        )
        for o in VISIT_OUTCOMES
    ),
    FeatureColumn(
        "days_since_last_visit",
        "days",
        "last visit to as_of",
        "as_of_day - last_visit_day",
        "visit_count == 0",
        "null without a visit",
        covariate="log1p",
    ),
    *(
        FeatureColumn(
            f"visits_{w}",
            "visits",
            f"visits in the last {w} days",
            f"visits_{w}",
            covariate=COVARIATES.get(f"visits_{w}", ""),
        )
        for w in WINDOWS
    ),
    FeatureColumn(
        "visit_positive_share",
        "ratio",
        "visits that ended ordered or interested, over visits with an outcome",
        "(visits_ordered + visits_interested) / visits_with_outcome",
        "visits_with_outcome == 0",
        "null without an outcome",
        covariate="logit",
    ),
    *rating_columns("visit", "at visits", "at a visit"),
    FeatureColumn(
        FOLLOWED,
        "visits",
        f"visits followed by a purchase on the same or one of the next {FOLLOW_UP_DAYS} days",
        FOLLOWED,
    ),
)

FAMILY = Family("visits", AGGREGATES, COLUMNS, CAUSAL)
