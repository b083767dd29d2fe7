"""Types of the bodies of /jobs, for the encoder, the OpenAPI document and the client."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from serving.request_types import ScoringParameters
from serving.response_types import Problem

JobEndpoint = Literal["score", "score_features", "score_customers"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]


class JobQuery(ScoringParameters, kw_only=True, forbid_unknown_fields=True):
    """What a job is of, and the parameters of its endpoint."""

    endpoint: Annotated[JobEndpoint, Meta(description="The endpoint whose body this is.")]


class Job(Struct, kw_only=True, omit_defaults=True):
    """A job: where it stands, and how many customers are scored of how many once these are known."""

    job_id: str
    endpoint: JobEndpoint
    state: JobState
    submitted_at: datetime
    ended_at: datetime | UnsetType = UNSET
    scored: Annotated[int, Meta(ge=0, description="Customers that are scored.")] = 0
    customers: Annotated[int, Meta(ge=0, description="All customers of the job.")] | UnsetType = UNSET
    kept_until: Annotated[datetime, Meta(description="When an ended job is removed.")] | UnsetType = UNSET
    problem: Annotated[Problem, Meta(description="Why it failed, as its endpoint would say.")] | UnsetType = UNSET
