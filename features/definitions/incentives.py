"""Features of incentives: what a customer was sent, redeemed and let expire."""

from features.definitions.specs import NEVER, Aggregate, Family, FeatureColumn
from features.schema import INCENTIVE_OUTCOMES

RECENT = 90
SENT_RECENTLY = f"incentives_{RECENT}"

AGGREGATES = (
    *(Aggregate(f"incentives_{o}", "incentive", "count", where=f"outcome == {o.upper()}") for o in INCENTIVE_OUTCOMES),
    Aggregate("incentive_count", "incentive", "count"),
    Aggregate(SENT_RECENTLY, "incentive", "count", where=f"outcome == SENT and age <= {RECENT}"),
    Aggregate("last_incentive_day", "incentive", "max", "day", empty=NEVER),
)

COLUMNS = (
    *(FeatureColumn(f"incentives_{o}", "incentives", f"incentives {o}", f"incentives_{o}") for o in INCENTIVE_OUTCOMES),
    FeatureColumn(
        SENT_RECENTLY,
        "incentives",
        f"incentives sent in the last {RECENT} days",
        SENT_RECENTLY,
        covariate="log1p",
    ),
    FeatureColumn(
        "incentive_redemption_share",
        "ratio",
        "incentives redeemed over incentives sent",
        "incentives_redeemed / incentives_sent",
        "incentives_sent == 0",
        "null when none was sent",
    ),
    FeatureColumn(
        "days_since_last_incentive",
        "days",
        "last news of an incentive (sent, redeemed or expired) to as_of",
        "as_of_day - last_incentive_day",
        "incentive_count == 0",
        "null without an incentive",
    ),
)

FAMILY = Family("incentives", AGGREGATES, COLUMNS)
