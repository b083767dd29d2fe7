"""What the service takes, written once: read strictly by msgspec, told by the OpenAPI description.

Null and absent mean the same in a request: not known.
"""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, defstruct

from features.definitions import FEATURE_COLUMNS, FeatureColumn
from features.engines.codegen import MEDIANS
from features.schema import AMOUNT_MAXIMUM, FIRST_YEAR, LAST_YEAR, RATING_MAXIMUM
from serving.timestamps import TIME

LONGEST_HORIZON = 3650
HORIZON = 90

Time = Annotated[
    str,
    Meta(
        pattern=TIME,
        description="With an offset that moment, without one a time of the business time zone; a date is its midnight; "
        f"years {FIRST_YEAR} to {LAST_YEAR}, not more than a day ahead of the clock.",
        examples=["2011-06-10T09:30:00+01:00", "2011-06-10 09:30:00", "2011-06-10"],
    ),
]
CustomerId = Annotated[
    str, Meta(pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", description="Spaces around it do not count.", examples=["12415"])
]
Amount = Annotated[float, Meta(ge=0, le=AMOUNT_MAXIMUM, description="Currency; of a return, what was given back.")]
Rating = Annotated[float, Meta(ge=0, le=RATING_MAXIMUM)]
Horizon = Annotated[int, Meta(ge=1, le=LONGEST_HORIZON, description="Days from as_of on that are forecast.")]
AsOf = Annotated[Time, Meta(description="The moment of knowledge: events before it count. Default: now.")]


class Event(
    Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False, tag_field="event_type", tag="usage"
):
    """An event of a customer, as in the event log; words that its type has no list for are free and not used."""

    event_type: ClassVar[str]

    event_time: Time
    amount: Amount | None = None
    satisfaction: Rating | None = None
    loyalty: Rating | None = None
    content: str | None = None
    reference: Annotated[str, Meta(description="The source's own id of the event.")] | None = None
    recorded_at: Annotated[Time, Meta(description="When the source knew it.")] | None = None


class _Free(Event, kw_only=True, gc=False):
    channel: str | None = None
    goal: str | None = None
    outcome: str | None = None


class Purchase(_Free, kw_only=True, tag="purchase", gc=False):
    """Something bought."""

    event_type = "purchase"


class Return(_Free, kw_only=True, tag="return", gc=False):
    """Something given back."""

    event_type = "return"


class Feedback(_Free, kw_only=True, tag="feedback", gc=False):
    """What the customer said of the firm."""

    event_type = "feedback"


class Usage(_Free, kw_only=True, tag="usage", gc=False):
    """A use of what was bought."""

    event_type = "usage"


class Visit(Event, kw_only=True, tag="visit", gc=False):
    """A visit to the customer."""

    event_type = "visit"
    channel: Literal["face_to_face", "phone", "email"] | None = None
    goal: Literal["purchase_count", "purchase_value", "satisfaction", "loyalty"] | None = None
    outcome: Literal["ordered", "interested", "neutral", "refused", "no_contact"] | None = None


class Incentive(Event, kw_only=True, tag="incentive", gc=False):
    """Something offered to the customer, or what became of it."""

    event_type = "incentive"
    channel: Literal["coupon", "discount", "points", "rate"] | None = None
    goal: str | None = None
    outcome: Literal["sent", "redeemed", "expired"] | None = None


AnyEvent = Purchase | Return | Visit | Feedback | Usage | Incentive


class Customer(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A customer and all that is known to have happened, in any order; events at or after as_of change nothing."""

    customer_id: CustomerId
    events: list[AnyEvent]


class Asked(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What every request for scores may say."""

    as_of: AsOf | None = None
    horizon_days: Horizon = HORIZON


class ScoreRequest(Asked, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Customers to score by their events."""

    customers: Annotated[list[Customer], Meta(min_length=1)]


DAYS_MAXIMUM = 366 * (LAST_YEAR - FIRST_YEAR + 1)
COUNT_MAXIMUM = 1e9
CURRENCY_MAXIMUM = 1e15
SIGNED = frozenset({"monetary_value", "net_spend", "purchase_trend", "feedback_trend"})
GAPS = frozenset({"gap_mean", "gap_median", "gap_max", "gap_last"})
"""Occasions are days, so there is a day between two at least."""


def feature_limits(column: FeatureColumn) -> tuple[float, float, bool]:
    """Return the least and the greatest value a feature can have, and whether it is a whole number.

    Wide, so that every row of a feature table is inside, and narrow enough that models stay finite.
    """
    greatest = {"days": DAYS_MAXIMUM, "currency": CURRENCY_MAXIMUM, "rating": RATING_MAXIMUM}
    top = float(greatest.get(column.unit, COUNT_MAXIMUM))
    if column.unit == "ratio":
        top = CURRENCY_MAXIMUM
    whole = "/" not in column.expression and column.expression not in MEDIANS
    least = -top if column.name in SIGNED else 1.0 if column.name in GAPS else 0.0
    return least, top, whole


def _feature_type(column: FeatureColumn) -> Any:
    least, greatest, whole = feature_limits(column)
    told = f"{column.meaning} ({column.unit}; {column.null_rule})"
    number = Annotated[
        float, Meta(ge=least, le=greatest, multiple_of=1 if whole else None, description=told, title=column.name)
    ]
    return number | None if column.null_when else number


FEATURE_TYPES: dict[str, Any] = {column.name: _feature_type(column) for column in FEATURE_COLUMNS}
FeatureRow = defstruct(
    "FeatureRow",
    [("customer_id", CustomerId), *FEATURE_TYPES.items()],
    forbid_unknown_fields=True,
    gc=False,
    module=__name__,
    namespace={"__doc__": "A row of the feature table: all of its columns, null where the column's null rule says so."},
)
COLUMN_TYPES: dict[str, Any] = {
    name: list.__class_getitem__(each) for name, each in {"customer_id": CustomerId, **FEATURE_TYPES}.items()
}
FeatureColumns = defstruct(
    "FeatureColumns",
    [*COLUMN_TYPES.items()],
    forbid_unknown_fields=True,
    module=__name__,
    namespace={"__doc__": "The feature table by columns, all of one length; position n of each is customer n."},
)
RawColumns = defstruct(
    "RawColumns",
    [(name, Raw) for name in COLUMN_TYPES],
    forbid_unknown_fields=True,
    module=__name__,
    namespace={"__doc__": "FeatureColumns not yet read, so that a large table is in memory a column at a time."},
)


class RowsRequest(Asked, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Customers to score by rows of the feature table at as_of."""

    rows: Annotated[list[FeatureRow], Meta(min_length=1)]  # type: ignore[valid-type]


class ColumnsRequest(Asked, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Customers to score by columns of the feature table at as_of."""

    columns: FeatureColumns  # type: ignore[valid-type]


class FeaturesRequest(Asked, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """RowsRequest or ColumnsRequest, as it comes in: one of the two is there."""

    rows: Annotated[list[FeatureRow], Meta(min_length=1)] | UnsetType = UNSET  # type: ignore[valid-type]
    columns: RawColumns | UnsetType = UNSET  # type: ignore[valid-type]


class CustomersRequest(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Customers whose last batch scores are wanted."""

    customer_ids: Annotated[list[CustomerId], Meta(min_length=1)]
