"""What a customer was offered, and what they made of it."""

from features.definitions.specs import NEVER, Aggregate, Family, FeatureColumn
from features.schema import INCENTIVE_OUTCOMES

AGGREGATES = (
    *(Aggregate(f"incentives_{o}", "incentive", "count", where=f"outcome == {o.upper()}") for o in INCENTIVE_OUTCOMES),
    Aggregate("incentive_count", "incentive", "count"),
    Aggregate("incentives_90", "incentive", "count", where="outcome == SENT and age <= 90"),
    Aggregate("last_incentive_day", "incentive", "max", "day", empty=NEVER),
)

COLUMNS = (
    *(FeatureColumn(f"incentives_{o}", "incentives", f"incentives {o}", f"incentives_{o}") for o in INCENTIVE_OUTCOMES),
    FeatureColumn("incentives_90", "incentives", "incentives sent in the last 90 days", "incentives_90"),
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
