"""Features of service tickets; the amount of a ticket is what it cost the firm."""

from features.definitions import NEVER, Aggregate, CausalColumn, Family, FeatureColumn

FAMILY = Family(
    "service tickets",
    aggregates=(
        Aggregate("tickets", "service_ticket", "count"),
        Aggregate("tickets_90", "service_ticket", "count", where="age <= 90"),
        Aggregate("tickets_left_open", "service_ticket", "count", where="outcome == LEFT_OPEN"),
        Aggregate("tickets_by_wechat", "service_ticket", "count", where="channel == WECHAT"),
        Aggregate("ticket_cents", "service_ticket", "sum", "cents", where="cents >= 0"),
        Aggregate("last_ticket_day", "service_ticket", "max", "day", empty=NEVER),
        Aggregate("purchases_after_ticket", "purchase", "count", where="tickets_before > 0"),
    ),
    columns=(
        FeatureColumn("tickets_90", "tickets", "tickets in the last 90 days", "tickets_90", covariate="log1p"),
        FeatureColumn("tickets_by_wechat", "tickets", "tickets by WeChat", "tickets_by_wechat"),
        FeatureColumn(
            "ticket_left_open_share",
            "ratio",
            "tickets left open, over tickets",
            "tickets_left_open / tickets",
            "tickets == 0",
            "null without a ticket",
        ),
        FeatureColumn(
            "spend_net_of_tickets",
            "currency",
            "amount bought less what tickets cost",
            "(spend_cents - ticket_cents) / 100",
        ),
        FeatureColumn(
            "days_since_last_ticket",
            "days",
            "last ticket to as_of",
            "as_of_day - last_ticket_day",
            "tickets == 0",
            "null without a ticket",
        ),
        FeatureColumn(
            "purchases_after_ticket",
            "purchases",
            "purchases with a ticket since the purchase before, at most 30 days ago",
            "purchases_after_ticket",
        ),
    ),
    causal=(CausalColumn("tickets_before", "purchase", "followed", of="service_ticket", days=30),),
)
