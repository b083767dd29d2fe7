"""Types of the bodies of /plans, for the strict decoder, the OpenAPI document and the client."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from features.schema import AMOUNT_MAXIMUM
from serving.request_types import CustomerId, Rating, Timestamp

DEFAULT_ITEMS, MAXIMUM_ITEMS = 1_000, 10_000

Status = Literal["accepted", "done", "skipped", "moved", "unanswered"]
SkipReason = Literal[
    "already_in_contact",
    "not_there",
    "wrong_person",
    "bad_moment",
    "not_worth_it",
    "complaint_open",
    "opted_out",
    "other",
]
Word = Annotated[str, Meta(pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", max_length=1000)]
Note = Annotated[str, Meta(pattern=r"^[^\x00]*$", max_length=10_000)]
Quantity = Annotated[float, Meta(ge=0, le=AMOUNT_MAXIMUM)]


class PlanRecord(Struct, kw_only=True, forbid_unknown_fields=True):
    """What became of a row of a plan, or of a customer who was met outside the plan.

    Parameters
    ----------
    status : str
        `done` for who was met outside the plan.
    plan_item : str, optional
        The row of the plan; absent for a customer who was met outside it.
    customer_id : str, optional
        Needed without a plan item; with one it must be that row's customer.
    reason : str, optional
        Why the row was skipped: needed with `skipped`.
    done_at : str, optional
        When it was done; needed outside the plan, and before the planned day. Default: the planned time.
    event_type, channel : str, optional
        What was done outside the plan; the channel is needed there. In the plan the channel may differ from the row's.
    outcome, satisfaction, loyalty, amount : optional
        What came of it; only where the status is `done`.
    minutes, cost : float, optional
        What it took.
    goal, content, rep, note, reference : str, optional
        Default of the first three: as planned. `reference` is the source's own id of what was done outside the plan.
    recorded_at : str, optional
        When the source recorded it; of two records of a row the later one counts. Default: now.
    """

    status: Status
    plan_item: Annotated[Word, Meta(description="The row; absent outside the plan.")] | UnsetType | None = UNSET
    customer_id: CustomerId | UnsetType | None = UNSET
    reason: Annotated[SkipReason, Meta(description="Needed with `skipped`.")] | UnsetType | None = UNSET
    done_at: (
        Annotated[Timestamp, Meta(description="Default: the planned time. Needed outside the plan.")] | UnsetType | None
    ) = UNSET
    event_type: Literal["visit", "incentive"] | UnsetType | None = UNSET
    channel: Word | UnsetType | None = UNSET
    goal: Word | UnsetType | None = UNSET
    content: Word | UnsetType | None = UNSET
    outcome: Word | UnsetType | None = UNSET
    satisfaction: Rating | UnsetType | None = UNSET
    loyalty: Rating | UnsetType | None = UNSET
    amount: Quantity | UnsetType | None = UNSET
    minutes: Quantity | UnsetType | None = UNSET
    cost: Quantity | UnsetType | None = UNSET
    rep: Word | UnsetType | None = UNSET
    note: Note | UnsetType | None = UNSET
    reference: Word | UnsetType | None = UNSET
    recorded_at: (
        Annotated[Timestamp, Meta(description="Of two records of a row the later one counts. Default: now.")]
        | UnsetType
        | None
    ) = UNSET


class RecordsRequest(Struct, kw_only=True, forbid_unknown_fields=True):
    """Records of a plan; all of them are added, or where one is faulty none."""

    records: Annotated[list[PlanRecord], Meta(min_length=1)]


class ItemsQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """The query of GET /plans/{plan_id}/items."""

    rep: Annotated[Word, Meta(description="Only the rows of this representative.")] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=MAXIMUM_ITEMS, description="Rows of a page.")] = DEFAULT_ITEMS
    offset: Annotated[int, Meta(ge=0, le=10**9, description="Rows before the page.")] = 0


class PlanItem(Struct, kw_only=True, omit_defaults=True):
    """One row of a plan that is to be carried out; a value that is not known is absent."""

    plan_item: str
    customer_id: str
    action: str
    event_type: str
    channel: str
    goal: str | UnsetType = UNSET
    content: str | UnsetType = UNSET
    day: Annotated[date, Meta(description="In the time zone of the plan.")] | UnsetType = UNSET
    start: Annotated[datetime, Meta(description="With the offset of the plan's time zone.")] | UnsetType = UNSET
    minutes: float | UnsetType = UNSET
    rep: str | UnsetType = UNSET
    territory: str | UnsetType = UNSET
    value_expected: Annotated[float, Meta(description="Expected margin after the cost.")] | UnsetType = UNSET
    low: Annotated[float, Meta(description="Lower end of the 80 % interval of the value.")] | UnsetType = UNSET
    high: Annotated[float, Meta(description="Upper end of it.")] | UnsetType = UNSET
    cost_expected: float | UnsetType = UNSET
    reasons: Annotated[list[str], Meta(description="At most three, from the customer's own figures.")] | UnsetType = (
        UNSET
    )
    reasons_zh: Annotated[list[str], Meta(description="The same in Chinese.")] | UnsetType = UNSET
    loyalty_score: float | UnsetType = UNSET
    expected_purchases: float | UnsetType = UNSET
    churn_probability: float | UnsetType = UNSET
    expected_spend: float | UnsetType = UNSET
    satisfaction_last: float | UnsetType = UNSET
    loyalty_last: float | UnsetType = UNSET


class ItemsAnswer(Struct, kw_only=True, omit_defaults=True):
    """Rows of a plan by day, time and customer; never one of the control group."""

    plan_id: str
    week: str
    as_of: Annotated[datetime, Meta(description="The plan's cutoff.")]
    timezone: str
    replaced_by: Annotated[str, Meta(description="The plan that stands in place of this one.")] | UnsetType = UNSET
    total: Annotated[int, Meta(ge=0, description="Rows in all pages.")]
    offset: Annotated[int, Meta(ge=0)]
    next_offset: Annotated[int, Meta(ge=0, description="Of the next page; absent on the last.")] | UnsetType = UNSET
    items: list[PlanItem]


class RecordedRow(Struct, kw_only=True, omit_defaults=True):
    """What became of one record, in the order of the request.

    `outcome` is `recorded` (it counts now), `known` (nothing new) or `superseded` (a later record of the row stands).
    `row` says whether it is `planned`, of a customer of the `control` group, who was to be left alone, or of one
    `outside` the plan.
    """

    outcome: Literal["recorded", "known", "superseded"]
    status: Status
    row: Literal["planned", "control", "outside"]
    customer_id: str
    plan_item: str | UnsetType = UNSET
    unknown_customer: Annotated[
        bool, Meta(description="Met outside the plan, which knew nothing of this customer: is the id right?")
    ] = False


class PlanProgress(Struct, kw_only=True):
    """How a plan stands: its rows by latest status, the skipped ones by reason, and who was met beside it."""

    planned: int
    statuses: dict[str, int]
    skipped: dict[str, int]
    control_contacted: Annotated[int, Meta(description="Customers left alone at random who were met all the same.")]
    outside: Annotated[int, Meta(description="Records of customers who were met outside the plan.")]
    unknown: Annotated[int, Meta(description="Customers of these of whom the plan knew nothing.")]
    withdrawn: Annotated[
        int, Meta(description="Rows that were done and are not any more; a store that took their events has them.")
    ]


class RecordsAnswer(Struct, kw_only=True, omit_defaults=True):
    """What became of records, how many there are of each outcome, and how the plan stands."""

    plan_id: str
    replaced_by: str | UnsetType = UNSET
    recorded: int
    known: int
    superseded: int
    records: list[RecordedRow]
    plan: PlanProgress


class PlanEntry(Struct, kw_only=True, omit_defaults=True):
    """One plan of the folder."""

    plan_id: str
    week: str
    as_of: Annotated[datetime, Meta(description="Its cutoff.")]
    made_at: Annotated[datetime, Meta(description="When its folder was written.")]
    timezone: str
    replaced_by: Annotated[str, Meta(description="The plan that stands in place of this one.")] | UnsetType = UNSET
    pages: Annotated[list[str], Meta(description="Paths of its pages for people.")]


class UnusableFolder(Struct):
    """A plan folder that cannot be read, and why."""

    folder: str
    reason: str


class PlansAnswer(Struct, kw_only=True, omit_defaults=True):
    """The plans, by week and cutoff, and the folders that are damaged."""

    plans: list[PlanEntry]
    unusable: list[UnusableFolder] | UnsetType = UNSET
