"""The event log: its columns, the words they may contain, and the limits of their numbers."""

from typing import Literal, NamedTuple

# In the order of events at the same time: a visit may lead to the purchase of the same second, not vice versa.
EVENT_TYPES = ("visit", "incentive", "usage", "purchase", "return", "feedback")
VISIT_CHANNELS = ("face_to_face", "phone", "email")
GOALS = ("purchase_count", "purchase_value", "satisfaction", "loyalty")
VISIT_OUTCOMES = ("ordered", "interested", "neutral", "refused", "no_contact")
INCENTIVE_CHANNELS = ("coupon", "discount", "points", "rate")
INCENTIVE_OUTCOMES = ("sent", "redeemed", "expired")

FIRST_YEAR, LAST_YEAR = 1900, 2200
AMOUNT_MAXIMUM = 1e12
RATING_MAXIMUM = 10.0


class LogColumn(NamedTuple):
    """One column of the log, as a source gives it.

    Attributes
    ----------
    name : str
    type : {"string", "timestamp", "float"}
    required : bool
        Whether every source must have it.
    meaning : str
        What docs/columns.md says about it.
    """

    name: str
    type: Literal["string", "timestamp", "float"]
    required: bool
    meaning: str


LOG_COLUMNS = (
    LogColumn("customer_id", "string", True, "whose event; spaces around it do not count"),
    LogColumn(
        "event_time",
        "timestamp",
        True,
        "when, like 2011-06-10 09:30:00; with an offset (Z, +02:00) that moment, without one a time of the business "
        f"time zone, of two the first when clocks go back; years {FIRST_YEAR} to {LAST_YEAR}",
    ),
    LogColumn("event_type", "string", True, f"one of {', '.join(EVENT_TYPES)}"),
    LogColumn("amount", "float", False, f"currency, 0 to {AMOUNT_MAXIMUM:.0e}; of a return, what was given back"),
    LogColumn(
        "channel",
        "string",
        False,
        f"visit: {', '.join(VISIT_CHANNELS)}; incentive: {', '.join(INCENTIVE_CHANNELS)}; free and not kept elsewhere",
    ),
    LogColumn("goal", "string", False, f"visit: {', '.join(GOALS)}; free and not kept elsewhere"),
    LogColumn("content", "string", False, "visit: needs, satisfaction_survey, loyalty_survey; free, not kept"),
    LogColumn(
        "outcome",
        "string",
        False,
        f"visit: {', '.join(VISIT_OUTCOMES)}; incentive: {', '.join(INCENTIVE_OUTCOMES)}; free and not kept elsewhere",
    ),
    LogColumn("satisfaction", "float", False, "a rating given, 0 to the configured maximum"),
    LogColumn("loyalty", "float", False, "a rating given, 0 to the configured maximum"),
    LogColumn(
        "reference",
        "string",
        False,
        "the source's own id; same customer_id, event_type and reference: the latest recorded_at wins, rows that "
        "differ without it are parts of one event",
    ),
    LogColumn("recorded_at", "timestamp", False, "when the source knew it, written as event_time is"),
)
LOG_COLUMN_NAMES = tuple(column.name for column in LOG_COLUMNS)
REQUIRED_LOG_COLUMNS = tuple(column.name for column in LOG_COLUMNS if column.required)
