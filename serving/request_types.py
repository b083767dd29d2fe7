"""Types of request bodies, for the strict decoder, the OpenAPI document and the client.

Null and absent mean the same in a request: not known. Optional fields default to UNSET, not None, so that a decoded
request holds exactly the keys of its body; `api/request_body.py` finds repeated keys by that.
"""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Union

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, defstruct

from features.definitions import FEATURE_COLUMNS, FeatureColumn
from features.definitions.registry import default_features
from features.definitions.value_ranges import Limits
from features.event_words import BUILT_IN_WORDS
from features.schema import AMOUNT_MAXIMUM, EVENT_TYPES, FIRST_YEAR, LAST_YEAR, RATING_MAXIMUM
from features.store.layout import CODED_WORDS
from serving.timestamps import TIME

MAXIMUM_HORIZON_DAYS = 3650
DEFAULT_HORIZON_DAYS = 90

Timestamp = Annotated[
    str,
    Meta(
        pattern=TIME,
        description="With an offset it is that moment, without one it is in the business time zone; a date is its "
        f"midnight; years {FIRST_YEAR} to {LAST_YEAR}, at most a day ahead of the clock.",
        examples=["2011-06-10T09:30:00+01:00", "2011-06-10 09:30:00", "2011-06-10"],
    ),
]
CustomerId = (
    Annotated[
        str,
        # Its parts begin with different characters, so the time for a text is linear in its length.
        Meta(pattern=r"^\s*[^\s\x00][^\x00]*$", description="Spaces around it are ignored.", examples=["12415"]),
    ]
    | int
)
"""A whole number is the text of its digits, as in tables."""
Reference = Annotated[str | int, Meta(description="The source's own id of the event.")]
Amount = Annotated[float, Meta(ge=0, le=AMOUNT_MAXIMUM, description="In currency; of a return, the amount given back.")]
Rating = Annotated[
    float,
    Meta(
        ge=0,
        description="0 to the maximum of the rating scale, `rating_maximum` of /versions: that of the log to which the "
        "model was fitted, without a model that of the service's settings.",
    ),
]
HorizonDays = Annotated[
    int,
    Meta(
        ge=1,
        le=MAXIMUM_HORIZON_DAYS,
        # no `default` in the schema: generators of clients then make the field required
        description=f"Days from as_of on to forecast. Default: {DEFAULT_HORIZON_DAYS}.",
    ),
]
Cutoff = Annotated[Timestamp, Meta(description="Only events before this time are known. Default: now.")]
Text = str | UnsetType | None


class Event(Struct, kw_only=True, forbid_unknown_fields=True, gc=False, tag_field="event_type", tag="usage"):
    """One event of a customer, with the columns of the event log.

    Parameters
    ----------
    event_time : str
        Time of the event, in one of the forms of `Timestamp`.
    amount : float, optional
        Currency, 0 or more; of a return, the amount given back.
    satisfaction, loyalty : float, optional
        Ratings, from 0 to the maximum of the scale.
    plan_item : str or int, optional
        Of a visit or incentive, the row of a plan that it carries out; not used.
    channel, goal, outcome, content : str, optional
        Words of the event contract for types that have such words; free text, not used, for others.
    reference : str or int, optional
        The source's own id of the event; events of one type and reference are versions of one event.
    sale_reference : str or int, optional
        Of a return, the reference of its purchase.
    recorded_at : str, optional
        When the source recorded the event.
    """

    event_type: ClassVar[str]

    event_time: Timestamp
    amount: Amount | UnsetType | None = UNSET
    satisfaction: Rating | UnsetType | None = UNSET
    loyalty: Rating | UnsetType | None = UNSET
    content: Text = UNSET
    plan_item: (
        Annotated[
            str | int, Meta(description="Of a visit or incentive, the row of a plan that it carries out; not used.")
        ]
        | UnsetType
        | None
    ) = UNSET
    reference: Reference | UnsetType | None = UNSET
    sale_reference: (
        Annotated[str | int, Meta(description="Of a return, the reference of its purchase.")] | UnsetType | None
    ) = UNSET
    recorded_at: Annotated[Timestamp, Meta(description="When the source recorded it.")] | UnsetType | None = UNSET
    channel: Text = UNSET
    goal: Text = UNSET
    outcome: Text = UNSET


def _word(column: str, event_type: str) -> Any:
    """Return the type of a column of words: the words of the event type, or any text where it has none."""
    words = CODED_WORDS[column].get(event_type)
    return Literal.__getitem__(words) | UnsetType | None if words else Text


def _event_struct(event_type: str) -> Any:
    name = "".join(part.capitalize() for part in event_type.split("_"))
    return defstruct(
        name if event_type in BUILT_IN_WORDS.types else f"{name}Event",  # so that it is not the name of another type
        [(column, _word(column, event_type), UNSET) for column in CODED_WORDS],
        bases=(Event,),
        kw_only=True,
        tag=event_type,
        gc=False,
        module=__name__,
        namespace={"__doc__": EVENT_MEANINGS.get(event_type, "An event."), "event_type": event_type},
    )


EVENT_MEANINGS = {
    "purchase": "A purchase.",
    "return": "A return of goods.",
    "feedback": "Feedback from the customer.",
    "usage": "A use of what was bought.",
    "visit": "A visit to the customer.",
    "incentive": "An incentive offered to the customer, or its outcome.",
}
EVENT_STRUCTS: dict[str, Any] = {event_type: _event_struct(event_type) for event_type in EVENT_TYPES}
"""The type of each event, the firm's own types and words among them."""
Purchase, Return, Feedback = (EVENT_STRUCTS[name] for name in ("purchase", "return", "feedback"))
Usage, Visit, Incentive = (EVENT_STRUCTS[name] for name in ("usage", "visit", "incentive"))
if TYPE_CHECKING:
    AnyEvent = Event
else:
    AnyEvent = Union[tuple(EVENT_STRUCTS.values())]  # noqa: UP007


class Customer(Struct, forbid_unknown_fields=True):
    """A customer and all their known events, in any order; events at or after as_of change nothing.

    Parameters
    ----------
    customer_id : str or int
        Unique within a request; a whole number is the text of its digits.
    events : list of Event
        Purchase, Return, Visit, Feedback, Usage, Incentive, and those of the firm's own types.
    """

    customer_id: CustomerId
    events: list[AnyEvent]


class ScoringParameters(Struct, kw_only=True, forbid_unknown_fields=True):
    """Parameters of every request for scores."""

    as_of: Cutoff | UnsetType | None = UNSET
    horizon_days: HorizonDays | UnsetType | None = UNSET


class ScoreRequest(ScoringParameters, kw_only=True, forbid_unknown_fields=True):
    """Customers to score by their events."""

    customers: Annotated[list[Customer], Meta(min_length=1)]


def id_text(value: str | int) -> str:
    """Return an id of a request as tables have it: trimmed, a whole number as its digits."""
    return value.strip() if isinstance(value, str) else str(value)


def feature_limits(column: FeatureColumn, rating_maximum: float = RATING_MAXIMUM) -> Limits:
    """Return the least and the greatest value that a feature can have, and whether it is a whole number.

    The limits are wide enough for every row of a feature table, and narrow enough that models stay finite.
    """
    limits = default_features().limits[column.name]
    if column.unit != "rating" or column.maximum is not None:
        return limits
    return limits._replace(least=-rating_maximum if limits.least < 0 else limits.least, greatest=rating_maximum)


def _feature_type(column: FeatureColumn) -> Any:
    least, greatest, whole = feature_limits(column)
    limits: dict[str, Any] = {"ge": least, "le": greatest, "multiple_of": 1 if whole else None}
    if column.unit == "rating":  # up to the maximum of the scale in service, see feature_constraints
        limits = {"ge": None if least < 0 else least}
    description = f"{column.meaning} ({column.unit}; {column.null_rule})"
    number = Annotated[float, Meta(**limits, description=description, title=column.name)]
    return number | None if column.null_when or column.optional else number


def _struct(name: str, fields: dict[str, Any], doc: str, **options: Any) -> Any:
    absent = {*NULLABLE_COLUMNS, *OPTIONAL_COLUMNS}
    given = [
        (field, type_ | UnsetType if type_ is Raw else type_ | UnsetType | None, UNSET)
        if field in absent
        else (field, type_)
        for field, type_ in fields.items()
    ]
    return defstruct(
        name,
        given,
        forbid_unknown_fields=True,
        kw_only=True,
        module=__name__,
        namespace={"__doc__": doc},
        **options,
    )


FEATURE_TYPES: dict[str, Any] = {"customer_id": CustomerId} | {
    column.name: _feature_type(column) for column in FEATURE_COLUMNS
}
NULLABLE_COLUMNS = tuple(column.name for column in FEATURE_COLUMNS if column.null_when)
"""Columns that may be null or left out, which means the same."""
OPTIONAL_COLUMNS = tuple(column.name for column in FEATURE_COLUMNS if column.optional and not column.null_when)
"""Columns that may be null or left out where neither formula nor model reads them."""
COLUMN_TYPES: dict[str, Any] = {name: list.__class_getitem__(type_) for name, type_ in FEATURE_TYPES.items()}
FeatureRow = _struct(
    "FeatureRow",
    FEATURE_TYPES,
    "A row of the feature table. Null and absent mean the same: what the column's null rule says. Columns without such "
    "a rule that are not required may be null or absent where neither formula nor model in service reads them.",
    gc=False,
)
FeatureColumns = _struct(
    "FeatureColumns",
    COLUMN_TYPES,
    "The feature table by columns, all of one length; position n of each is customer n.",
)
RawColumns = _struct(
    "RawColumns",
    dict.fromkeys(FEATURE_TYPES, Raw),
    "FeatureColumns not decoded yet, so that a large table is in memory one column at a time.",
)


class RowsRequest(ScoringParameters, kw_only=True, forbid_unknown_fields=True):
    """Customers to score by rows of the feature table at as_of."""

    rows: Annotated[list[FeatureRow], Meta(min_length=1)]  # type: ignore[valid-type]


class ColumnsRequest(ScoringParameters, kw_only=True, forbid_unknown_fields=True):
    """Customers to score by columns of the feature table at as_of."""

    columns: FeatureColumns  # type: ignore[valid-type]


class FeaturesRequest(ScoringParameters, kw_only=True, forbid_unknown_fields=True):
    """A RowsRequest or a ColumnsRequest, as decoded: one of the two fields is set."""

    rows: Annotated[list[FeatureRow], Meta(min_length=1)] | UnsetType | None = UNSET  # type: ignore[valid-type]
    columns: RawColumns | UnsetType | None = UNSET  # type: ignore[valid-type]


class CustomersRequest(Struct, kw_only=True, forbid_unknown_fields=True):
    """Customers whose latest batch scores are requested."""

    customer_ids: Annotated[list[CustomerId], Meta(min_length=1)]
