"""Types of response bodies, for the encoder, the OpenAPI document and the client.

Nothing in a response is null: a value that is not known is absent, and `absent` gives the reason.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

INTERVAL_CONTENT = 0.9


class Part(Struct, omit_defaults=True, gc=False):
    """One part of the rule: its score, 0 to 1, and the points it contributes to the loyalty score."""

    score: Annotated[float, Meta(ge=0, le=1)]
    contribution: Annotated[float, Meta(ge=0, le=100)] | UnsetType = UNSET


class Interval(Struct, gc=False):
    """A count that is at least `low` and at most `high` with the probability `content`."""

    low: Annotated[float, Meta(ge=0)]
    high: Annotated[float, Meta(ge=0)]
    content: float = INTERVAL_CONTENT


class Rfm(Struct, gc=False):
    """Classes of recency, frequency and money, 1 to the highest (bought lately, often, for much)."""

    recency: int
    frequency: int
    monetary: int


class Score(Struct, kw_only=True, omit_defaults=True):
    """The scores of one customer; `absent` names what is missing, `loyalty_score` or `forecast`, with the reason."""

    customer_id: str
    loyalty_score: Annotated[float, Meta(ge=0, le=100, description="The rule.")] | UnsetType = UNSET
    loyalty_parts: Annotated[dict[str, Part], Meta(description="By name, those that have data.")] | UnsetType = UNSET
    coverage: Annotated[float, Meta(ge=0, le=1, description="Share of the rule's weight that had data.")]
    band: str | UnsetType = UNSET
    segment: Annotated[str, Meta(description="The RFM segment, where segments are in use.")] | UnsetType = UNSET
    rfm: Annotated[Rfm, Meta(description="The classes behind the segment.")] | UnsetType = UNSET
    expected_purchases: Annotated[float, Meta(ge=0, description="Purchase occasions in the horizon.")] | UnsetType = (
        UNSET
    )
    expected_purchases_interval: Interval | UnsetType = UNSET
    churn_probability: Annotated[float, Meta(ge=0, le=1, description="P(no purchase in the horizon).")] | UnsetType = (
        UNSET
    )
    expected_spend: Annotated[float, Meta(ge=0, description="Currency in the horizon.")] | UnsetType = UNSET
    model_version: Annotated[str, Meta(description="The version that forecast, while a canary runs.")] | UnsetType = (
        UNSET
    )
    absent: dict[str, str] | UnsetType = UNSET


class Duplicate(Struct, gc=False):
    """An event given in several versions; the one with the latest recorded_at known at as_of was used."""

    customer_id: str
    event_type: str
    reference: str


class ScoringFacts(Struct, kw_only=True, omit_defaults=True):
    """Versions and parameters of the scores of a response; without a model `absent` gives the reason."""

    formula_version: str
    model_version: str | UnsetType = UNSET
    as_of: datetime
    horizon_days: int
    duplicates: list[Duplicate] | UnsetType = UNSET
    absent: dict[str, str] | UnsetType = UNSET


class ScoreAnswer(ScoringFacts, kw_only=True, omit_defaults=True):
    """Scores, in the order of the customers in the request."""

    scores: list[Score]


class LastScoresAnswer(Struct, kw_only=True, omit_defaults=True):
    """Scores of the latest batch; `unknown` names the customers that are not in it."""

    scores: list[Score]
    unknown: list[str]
    formula_version: str
    model_version: str | UnsetType = UNSET
    as_of: str
    timezone: str
    horizon_days: int | UnsetType = UNSET
    absent: dict[str, str] | UnsetType = UNSET


class Fault(Struct):
    """One error in a request: its path (a JSON pointer without the first slash) and what is wrong."""

    path: str
    detail: str


class Problem(Struct, omit_defaults=True):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault] | UnsetType = UNSET


class FormulaInService(Struct):
    """The rule in service."""

    version: str
    date: str
    reason: str
    parts: dict[str, float]


class ModelInService(Struct):
    """The model in service: its version, its name and what it was fitted with; `compiled`: whether it has that form."""

    version: str
    tag: str
    digest: str
    as_of: str
    customers: int
    horizons: list[int]
    formula_version: str
    code_version: str
    libraries: dict[str, str]
    model: str = ""
    compiled: bool = True


class ChallengerInService(Struct):
    """A version beside the model: in shadow, where it answers nobody, or as a canary for a share of the customers."""

    version: str
    tag: str
    digest: str
    as_of: str
    role: Literal["shadow", "canary"]
    share: Annotated[float, Meta(gt=0, le=1)]


class SegmentsInService(Struct):
    """The RFM segments in use: their version and names, and the values that part the classes of each measure."""

    version: str
    names: list[str]
    columns: dict[str, str]
    boundaries: dict[str, list[float]]
    as_of: Annotated[str, Meta(description="The date at which the boundaries were learnt.")]
    data_digest: Annotated[str, Meta(description="The log from which they were learnt.")]


class Versions(Struct, omit_defaults=True):
    """What is in service and since when; `refused` is the reason why a newer version is not."""

    formula: FormulaInService
    features: list[str]
    timezone: str
    rating_maximum: float
    since: datetime
    model: ModelInService | UnsetType = UNSET
    data: dict[str, str] | UnsetType = UNSET
    challenger: ChallengerInService | UnsetType = UNSET
    segments: SegmentsInService | UnsetType = UNSET
    absent: dict[str, str] | UnsetType = UNSET
    refused: str | UnsetType = UNSET


class Readiness(Struct, omit_defaults=True):
    """Whether the service is complete: `ready`, `degraded` with the reasons, or `draining` before it stops."""

    status: Literal["ready", "degraded", "draining"]
    reasons: list[str] | UnsetType = UNSET
