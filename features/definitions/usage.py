"""Features of usage: how often and how recently a customer used what they bought."""

from features.definitions.specs import NEVER, Aggregate, Family, FeatureColumn

WINDOWS = (7, 30, 90, 365)
COVARIATES = {90: "log1p", 365: "log1p"}
"""The windows whose counts are covariates of the models, with their transforms."""

AGGREGATES = (
    Aggregate("usage_count", "usage", "count"),
    *(Aggregate(f"usage_{w}", "usage", "count", where=f"age <= {w}") for w in WINDOWS),
    Aggregate("last_usage_day", "usage", "max", "day", empty=NEVER),
)

COLUMNS = (
    FeatureColumn("usage_count", "uses", "uses", "usage_count"),
    *(
        FeatureColumn(f"usage_{w}", "uses", f"uses in the last {w} days", f"usage_{w}", covariate=COVARIATES.get(w, ""))
        for w in WINDOWS
    ),
    FeatureColumn(
        "days_since_last_usage",
        "days",
        "last use to as_of",
        "as_of_day - last_usage_day",
        "usage_count == 0",
        "null without a use",
        covariate="log1p",
    ),
)

FAMILY = Family("usage", AGGREGATES, COLUMNS)
