"""What the service gives, written once: encoded by msgspec, told by the OpenAPI description.

Nothing in an answer is null: what cannot be said is absent, and `absent` says why.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

CONTENT = 0.9


class Part(Struct, omit_defaults=True, gc=False):
    """What one behaviour brought: its score, 0 to 1, and its points of the loyalty score."""

    score: Annotated[float, Meta(ge=0, le=1)]
    contribution: Annotated[float, Meta(ge=0, le=100)] | UnsetType = UNSET


class Interval(Struct, gc=False):
    """A count that is at least `low` and at most `high` with the probability `content`."""

    low: Annotated[float, Meta(ge=0)]
    high: Annotated[float, Meta(ge=0)]
    content: float = CONTENT


class Score(Struct, kw_only=True, omit_defaults=True):
    """What is said of one customer; `absent` names what is not, `loyalty_score` or `forecast`, and why."""

    customer_id: str
    loyalty_score: Annotated[float, Meta(ge=0, le=100, description="The rule.")] | UnsetType = UNSET
    loyalty_parts: Annotated[dict[str, Part], Meta(description="By name, those that have data.")] | UnsetType = UNSET
    coverage: Annotated[float, Meta(ge=0, le=1, description="Share of the rule's weight that had data.")]
    band: str | UnsetType = UNSET
    expected_purchases: Annotated[float, Meta(ge=0, description="Purchase occasions in the horizon.")] | UnsetType = (
        UNSET
    )
    expected_purchases_interval: Interval | UnsetType = UNSET
    churn_probability: Annotated[float, Meta(ge=0, le=1, description="P(no purchase in the horizon).")] | UnsetType = (
        UNSET
    )
    expected_spend: Annotated[float, Meta(ge=0, description="Currency in the horizon.")] | UnsetType = UNSET
    absent: dict[str, str] | UnsetType = UNSET


class Duplicate(Struct, gc=False):
    """An event that came in several versions; the latest recorded_at known at as_of counted."""

    customer_id: str
    event_type: str
    reference: str


class About(Struct, kw_only=True, omit_defaults=True):
    """What the scores of an answer are of; without a model `absent` says why there is none."""

    formula_version: str
    model_version: str | UnsetType = UNSET
    as_of: datetime
    horizon_days: int
    duplicates: list[Duplicate] | UnsetType = UNSET
    absent: dict[str, str] | UnsetType = UNSET


class ScoreAnswer(About, kw_only=True, omit_defaults=True):
    """Scores in the order of the customers asked for."""

    scores: list[Score]


class LastScoresAnswer(Struct, kw_only=True, omit_defaults=True):
    """Scores as the last batch left them; `unknown` names the customers that it did not score."""

    scores: list[Score]
    unknown: list[str]
    formula_version: str
    model_version: str | UnsetType = UNSET
    as_of: str
    timezone: str
    horizon_days: int | UnsetType = UNSET
    absent: dict[str, str] | UnsetType = UNSET


class Fault(Struct):
    """One thing wrong with a request: where (a JSON pointer without its first slash) and what."""

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
    """The model in service: its version and digest, what it learnt from, and with what."""

    version: str
    tag: str
    digest: str
    as_of: str
    customers: int
    horizons: list[int]
    formula_version: str
    code_version: str
    libraries: dict[str, str]


class Versions(Struct, omit_defaults=True):
    """What is in service, since when; a newer version that was refused, and why."""

    formula: FormulaInService
    features: list[str]
    timezone: str
    since: datetime
    model: ModelInService | UnsetType = UNSET
    data: dict[str, str] | UnsetType = UNSET
    absent: dict[str, str] | UnsetType = UNSET
    refused: str | UnsetType = UNSET


class Readiness(Struct, omit_defaults=True):
    """Whether the service scores: `ready`, or `degraded` with the reasons."""

    status: Literal["ready", "degraded"]
    reasons: list[str] | UnsetType = UNSET
