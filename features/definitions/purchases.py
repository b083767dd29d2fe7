"""Features of purchases and returns: occasions, money, rhythm, and the same season a year ago."""

from features.definitions.specs import NEVER, SALE, Aggregate, CausalColumn, Constraint, Family, FeatureColumn, How

WINDOWS = (7, 30, 90, 180, 365)
YEAR = 364
"""Days of a year in whole weeks, so that a year ago is the same weekday."""
SEASONS = {28: "weeks", 91: "quarter"}
"""Windows a year ago, in days, and what they span."""
TREND = 90

# When a column is null: as a condition, and in words.
NO_PURCHASE = ("purchase_days == 0", "null without a purchase")
NO_REPEAT = ("gap_count == 0", "null without a repeat occasion")
NO_AMOUNT = ("priced_count == 0", "null without an amount")


def _purchase(name: str, how: How, value: str = "1", where: str = "", empty: int = 0) -> Aggregate:
    return Aggregate(name, "purchase", how, value, where, empty)


CAUSAL = (
    CausalColumn("new_day", "purchase", "new_day"),
    CausalColumn("gap", "purchase", "gap"),
    CausalColumn("after_first_day", "purchase", "after_first_day"),
    CausalColumn("unmatched", "return", "unmatched"),
)

AGGREGATES = (
    _purchase("purchase_count", "count"),
    _purchase("purchase_days", "count", where="new_day == 1"),
    _purchase("first_purchase_day", "min", "day", empty=-NEVER),
    _purchase("last_purchase_day", "max", "day", empty=NEVER),
    _purchase("spend_cents", "sum", "cents", "cents >= 0"),
    _purchase("priced_count", "count", where="cents >= 0"),
    _purchase("unpriced_purchases", "count", where="cents < 0"),
    _purchase("unpriced_repeats", "count", where="cents < 0 and after_first_day == 1"),
    _purchase("largest_cents", "max", "cents", "cents >= 0", empty=-1),
    _purchase("last_cents", "last", "cents", "cents >= 0", empty=-1),
    *(_purchase(f"purchase_days_{w}", "count", where=f"new_day == 1 and age <= {w}") for w in WINDOWS),
    *(_purchase(f"spend_cents_{w}", "sum", "cents", f"cents >= 0 and age <= {w}") for w in WINDOWS),
    *(
        _purchase(f"purchase_days_year_ago_{w}", "count", where=f"new_day == 1 and age <= {YEAR} and age > {YEAR - w}")
        for w in SEASONS
    ),
    _purchase("gap_count", "count", where="gap > 0"),
    _purchase("gap_sum", "sum", "gap", "gap > 0"),
    _purchase("gap_square_sum", "sum", "gap * gap", "gap > 0"),
    _purchase("gap_max", "max", "gap", "gap > 0"),
    _purchase("gap_last", "last", "gap", "gap > 0"),
    _purchase("gap_median", "median", "gap", "gap > 0"),
    Aggregate("return_count", "return", "count"),
    Aggregate("return_cents", "return", "sum", "cents", "cents >= 0"),
    Aggregate("unmatched_returns", "return", "count", where="unmatched == 1"),
    Aggregate("cents_left", SALE, "sum", "left", "left >= 0"),
    Aggregate("repeat_cents_left", SALE, "sum", "left", "left >= 0 and after_first_day == 1"),
    *(Aggregate(f"days_left_{w}", SALE, "count", where=f"new_day_left == 1 and age <= {w}") for w in WINDOWS),
    *(Aggregate(f"cents_left_{w}", SALE, "sum", "left", f"left >= 0 and age <= {w}") for w in WINDOWS),
)

COLUMNS = (
    FeatureColumn("frequency", "days", "repeat purchase occasions (x)", "gap_count"),
    FeatureColumn("recency", "days", "first to last purchase occasion (t_x)", "gap_sum"),
    FeatureColumn("T", "days", "first purchase occasion to as_of", "as_of_day - first_purchase_day", *NO_PURCHASE),
    FeatureColumn(
        "monetary_value",
        "currency",
        "mean value of a repeat occasion, less what was returned of it",
        "repeat_cents_left / (100 * gap_count)",
        "gap_count == 0 or unpriced_repeats > 0",
        "null without a repeat occasion, or when a repeat has no amount",
    ),
    FeatureColumn(
        "days_since_last_purchase",
        "days",
        "last purchase occasion to as_of",
        "as_of_day - last_purchase_day",
        *NO_PURCHASE,
    ),
    FeatureColumn("purchase_days", "days", "purchase occasions", "purchase_days"),
    FeatureColumn("purchase_count", "purchases", "purchases, those of one day counted apart", "purchase_count"),
    *(
        FeatureColumn(f"purchase_days_{w}", "days", f"purchase occasions in the last {w} days", f"purchase_days_{w}")
        for w in WINDOWS
    ),
    *(
        FeatureColumn(
            f"spend_{w}",
            "currency",
            f"amount bought in the last {w} days, before returns; a purchase without an amount adds 0",
            f"spend_cents_{w} / 100",
        )
        for w in WINDOWS
    ),
    FeatureColumn("total_spend", "currency", "amount bought, before returns", "spend_cents / 100"),
    FeatureColumn("net_spend", "currency", "amount bought, less what was returned of it", "cents_left / 100"),
    FeatureColumn("unpriced_purchases", "purchases", "purchases without an amount", "unpriced_purchases"),
    FeatureColumn("gap_mean", "days", "mean gap between occasions", "gap_sum / gap_count", *NO_REPEAT, minimum=1),
    FeatureColumn("gap_median", "days", "median gap between occasions", "gap_median", *NO_REPEAT, minimum=1),
    FeatureColumn(
        "gap_std",
        "days",
        "standard deviation of the gaps (n - 1)",
        "sqrt((gap_count * gap_square_sum - gap_sum * gap_sum) / (gap_count * (gap_count - 1)))",
        "gap_count < 2",
        "null with fewer than two gaps",
    ),
    FeatureColumn("gap_max", "days", "longest gap between occasions", "gap_max", *NO_REPEAT, minimum=1),
    FeatureColumn("gap_last", "days", "gap before the last occasion", "gap_last", *NO_REPEAT, minimum=1),
    FeatureColumn(
        "overdue_ratio",
        "ratio",
        "days since the last purchase over the customer's own mean gap",
        "(as_of_day - last_purchase_day) * gap_count / gap_sum",
        *NO_REPEAT,
    ),
    FeatureColumn(
        "basket_mean", "currency", "mean amount of a purchase", "spend_cents / (100 * priced_count)", *NO_AMOUNT
    ),
    FeatureColumn("basket_max", "currency", "largest purchase", "largest_cents / 100", *NO_AMOUNT),
    FeatureColumn("basket_last", "currency", "last purchase", "last_cents / 100", *NO_AMOUNT),
    FeatureColumn(
        "purchase_trend",
        "days",
        f"purchase occasions of the last {TREND} days less those of the {TREND} before",
        f"2 * purchase_days_{TREND} - purchase_days_{2 * TREND}",
    ),
    *(
        FeatureColumn(
            f"net_purchase_days_{w}",
            "days",
            f"purchase occasions in the last {w} days of which not all was returned; without an amount nothing is",
            f"days_left_{w}",
            optional=True,
        )
        for w in WINDOWS
    ),
    *(
        FeatureColumn(
            f"net_spend_{w}",
            "currency",
            f"amount bought in the last {w} days, less what was returned of it",
            f"cents_left_{w} / 100",
            optional=True,
        )
        for w in WINDOWS
    ),
    FeatureColumn("return_count", "returns", "returns", "return_count"),
    FeatureColumn(
        "unmatched_returns",
        "returns",
        "returns of which a part found no earlier purchase that had something left, or that have no amount",
        "unmatched_returns",
        optional=True,
    ),
    FeatureColumn(
        "return_share",
        "ratio",
        "amount returned over amount bought",
        "return_cents / spend_cents",
        "spend_cents == 0",
        "null when nothing was bought for money",
    ),
    *(
        FeatureColumn(
            f"purchase_days_year_ago_{w}",
            "days",
            f"purchase occasions in the {w} days from {YEAR} days before as_of on: the same {span} a year ago",
            f"purchase_days_year_ago_{w}",
        )
        for w, span in SEASONS.items()
    ),
)

CONSTRAINTS = (
    Constraint("T", "null(T) and purchase_days > 0", "is null, though purchase_days is above 0"),
    Constraint("T", "not null(T) and purchase_days == 0", "is not null, though purchase_days is 0"),
    Constraint("recency", "recency > T", "exceeds T"),
    Constraint("frequency", "(frequency > 0) != (recency > 0)", "is 0 while recency is not, or the other way round"),
    Constraint("frequency", "frequency > recency", "exceeds recency, in days"),
    Constraint("frequency", "frequency > 0 and frequency >= purchase_days", "is not below purchase_days"),
    Constraint("gap_mean", "null(gap_mean) and frequency > 0", "is null, though frequency is above 0"),
    Constraint("gap_mean", "not null(gap_mean) and frequency == 0", "is not null, though frequency is 0"),
    *(
        Constraint(name, f"null({name}) != null(basket_mean)", "is null and basket_mean is not, or the other way round")
        for name in ("basket_max", "basket_last")
    ),
)

FAMILY = Family("purchases", AGGREGATES, COLUMNS, CAUSAL, CONSTRAINTS)
