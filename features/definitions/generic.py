"""Features of an event type that has no family of its own: how often, how recently and, of money, how much."""

from features.definitions.specs import NEVER, Aggregate, Family, FeatureColumn

WINDOWS = (30, 90, 365)


def generic_family(event_type: str, has_amounts: bool) -> Family:
    """Return count, counts and, if the type has amounts, sums of windows, and days since the last event.

    Parameters
    ----------
    event_type : str
    has_amounts : bool
        Whether the `amount` of the type is money.
    """
    words = event_type.replace("_", " ")
    count, last_day = f"{event_type}_count", f"last_{event_type}_day"
    aggregates = [
        Aggregate(count, event_type, "count"),
        *(Aggregate(f"{event_type}_count_{w}", event_type, "count", where=f"age <= {w}") for w in WINDOWS),
        Aggregate(last_day, event_type, "max", "day", empty=NEVER),
    ]
    columns = [
        FeatureColumn(count, "events", f"events of the type {words}", count),
        *(
            FeatureColumn(
                f"{event_type}_count_{w}",
                "events",
                f"events of the type {words} in the last {w} days",
                f"{event_type}_count_{w}",
            )
            for w in WINDOWS
        ),
        FeatureColumn(
            f"days_since_last_{event_type}",
            "days",
            f"last event of the type {words} to as_of",
            f"as_of_day - {last_day}",
            f"{count} == 0",
            "null without such an event",
        ),
    ]
    if has_amounts:
        total = f"{event_type}_cents"
        priced = "cents >= 0"
        aggregates += [
            Aggregate(total, event_type, "sum", "cents", priced),
            *(Aggregate(f"{total}_{w}", event_type, "sum", "cents", f"{priced} and age <= {w}") for w in WINDOWS),
        ]
        columns += [
            FeatureColumn(
                f"{event_type}_amount", "currency", f"amount of events of the type {words}", f"{total} / 100"
            ),
            *(
                FeatureColumn(
                    f"{event_type}_amount_{w}",
                    "currency",
                    f"amount of events of the type {words} in the last {w} days; one without an amount adds 0",
                    f"{total}_{w} / 100",
                )
                for w in WINDOWS
            ),
        ]
    return Family(words, tuple(aggregates), tuple(columns), origin="event words: the type has no family of its own")
