"""What a client sends and how it reads the answers, without any network: both clients carry out the same steps.

Each method of a client is a generator of calls, which receives the response to each and returns the answer.
"""

import secrets
import sys
from collections.abc import Generator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import httpx
import msgspec
import pyarrow as pa
from msgspec import UNSET

from features.errors import (
    InvalidArgumentError,
    JobNotEndedError,
    KeyRefusedError,
    RequestRefusedError,
    ServiceBusyError,
)
from regulars.client_checks import idempotency_header, one_line, path_segment, waiting_seconds
from serving.job_types import Job
from serving.plan_types import ItemsAnswer, PlanItem, PlanRecord, PlansAnswer, RecordsAnswer, RecordsRequest
from serving.request_types import Customer, CustomersRequest, FeatureRow, RowsRequest, ScoreRequest, ScoringParameters
from serving.response_types import LastScoresAnswer, Problem, Readiness, ScoreAnswer, Versions

JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
KINDS = {
    **{401: KeyRefusedError, 403: KeyRefusedError},
    **dict.fromkeys((429, 502, 503, 504, 507), ServiceBusyError),
}
"""The error of each status; all others are a RequestRefusedError."""
PAGE = 10_000
"""Items of a plan in one request, the most that the service gives."""
T = TypeVar("T")


class Call(NamedTuple):
    """One request; unless `retried` it is sent once."""

    method: str
    path: str
    content: bytes | None = None
    media_type: str = JSON
    accept: str = JSON
    params: dict[str, str] | None = None
    headers: dict[str, str] | None = None
    retried: bool = True


class Pause(NamedTuple):
    """A pause of so many seconds before the next call."""

    seconds: float


Steps = Generator[Call | Pause, Any, T]


def parameters(as_of: str | None, horizon_days: int, **more: str) -> dict[str, str]:
    """Return the query of a table; raises msgspec.ValidationError for wrong values, as for those of a body."""
    given = _fields(ScoringParameters(as_of=as_of, horizon_days=horizon_days))
    msgspec.convert(given, ScoringParameters)
    return more | {name: str(value) for name, value in given.items() if value is not None}


def json_content(body: msgspec.Struct) -> bytes:
    """Return a body as JSON; raises msgspec.ValidationError for wrong values, NaN among them, which would be null."""
    fields = _fields(body)
    msgspec.convert(fields, type(body))  # a struct made in Python is not checked
    return msgspec.json.encode(fields)


def _fields(body: msgspec.Struct) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = msgspec.to_builtins(body)
    except (TypeError, OverflowError, UnicodeError) as error:
        raise InvalidArgumentError(f"what was given cannot be sent as JSON: {one_line(error)}") from None
    return fields


def decoded(response: httpx.Response, answer: type[T]) -> T:
    """Return the answer in a response; raises the error of a problem document."""
    return msgspec.json.decode(accepted(response).content, type=answer)


def accepted(response: httpx.Response) -> httpx.Response:
    """Return a response that is no error; raises RequestRefusedError, or one of its kinds, for others."""
    if response.status_code < 400:
        return response
    try:
        problem = msgspec.json.decode(response.content, type=Problem)
    except msgspec.DecodeError:  # of a proxy in between
        title = response.reason_phrase or "Error"
        detail = f"{response.url.path} was answered without a problem document; is this the address of the service?"
        problem = Problem("about:blank", title, response.status_code, detail)
    raise refusal(problem)


def refusal(problem: Problem) -> RequestRefusedError:
    """Return the error of a problem document, with its one line."""
    kind = KINDS.get(problem.status, RequestRefusedError)
    return kind(f"{problem.status} {problem.title}: {problem.detail}", problem)


def events_body(customers: Sequence[Customer], as_of: str | None, horizon_days: int) -> bytes:
    """Return the body of /score."""
    return json_content(ScoreRequest(customers=listed(customers, "Customer"), as_of=as_of, horizon_days=horizon_days))


def rows_body(rows: Sequence[dict[str, Any]], as_of: str | None, horizon_days: int) -> bytes:
    """Return the body of /score_features."""
    features = [msgspec.convert(row, FeatureRow) for row in listed(rows, "dict")]
    return json_content(RowsRequest(rows=features, as_of=as_of, horizon_days=horizon_days))


def score(path: str, body: bytes) -> Steps[ScoreAnswer]:
    """Score a body of /score or /score_features."""
    return decoded((yield Call("POST", path, body)), ScoreAnswer)


def score_customers(customer_ids: Sequence[str]) -> Steps[LastScoresAnswer]:
    """Look up batch scores."""
    body = json_content(CustomersRequest(customer_ids=listed(customer_ids, "str")))
    return decoded((yield Call("POST", "/score_customers", body)), LastScoresAnswer)


def versions() -> Steps[Versions]:
    """Ask what is in service."""
    return decoded((yield Call("GET", "/versions")), Versions)


def ready() -> Steps[Readiness]:
    """Ask for readiness; 503 is an answer too."""
    response = yield Call("GET", "/readyz", retried=False)
    if response.status_code == 503:
        try:
            return msgspec.json.decode(response.content, type=Readiness)
        except msgspec.DecodeError:
            pass
    return decoded(response, Readiness)


def plans() -> Steps[PlansAnswer]:
    """List the plans."""
    return decoded((yield Call("GET", "/plans")), PlansAnswer)


def plan_items(plan_id: str, rep: str | None) -> Steps[list[PlanItem]]:
    """Read the rows of a plan, page by page."""
    path = f"/plans/{path_segment('plan_id', plan_id)}"
    if rep == "":
        raise InvalidArgumentError("rep: found '', expected a representative, or None for all")
    items: list[PlanItem] = []
    offset: int | None = 0
    while offset is not None:
        params = {"limit": str(PAGE), "offset": str(offset)} | ({} if rep is None else {"rep": rep})
        answer = decoded((yield Call("GET", f"{path}/items", params=params)), ItemsAnswer)
        items += answer.items
        offset = None if answer.next_offset is UNSET else answer.next_offset
    return items


def record(plan_id: str, records: Sequence[PlanRecord]) -> Steps[RecordsAnswer]:
    """Add records; the same records again add nothing, so this may be sent twice."""
    path = f"/plans/{path_segment('plan_id', plan_id)}/records"
    fields = {"records": [_fields(each) for each in listed(records, "PlanRecord")]}
    msgspec.convert(fields, RecordsRequest)
    call = Call("POST", path, msgspec.json.encode(fields))
    return decoded((yield call), RecordsAnswer)


def submit(content: bytes, media_type: str, params: dict[str, str], idempotency_key: str | None) -> Steps[Job]:
    """Submit a job; its Idempotency-Key makes a repeated request safe."""
    headers = idempotency_header(secrets.token_hex(16) if idempotency_key is None else idempotency_key)
    return decoded((yield Call("POST", "/jobs", content, media_type, params=params, headers=headers)), Job)


def _job_path(job_id: str) -> str:
    return f"/jobs/{path_segment('job_id', job_id)}"


def job_status(job_id: str) -> Steps[Job]:
    """Ask where a job stands."""
    return decoded((yield Call("GET", _job_path(job_id))), Job)


def job_result(job_id: str) -> Steps[Any]:
    """Fetch the result of a job."""
    response = accepted((yield Call("GET", f"{_job_path(job_id)}/result", accept=f"{ARROW}, {JSON};q=0.5")))
    if response.headers["content-type"] == ARROW:
        return pa.ipc.open_stream(response.content).read_all()
    return msgspec.json.decode(response.content, type=LastScoresAnswer)


def job_cancel(job_id: str) -> Steps[Job | None]:
    """Cancel or remove a job."""
    response = accepted((yield Call("DELETE", _job_path(job_id))))
    return None if response.status_code == 204 else msgspec.json.decode(response.content, type=Job)


def job_wait(job_id: str, seconds: float) -> Steps[Job]:
    """Ask until a job has ended; raises JobNotEndedError when it has not in so many seconds."""
    waited, seconds = 0.0, waiting_seconds(seconds)
    while True:
        response = yield Call("GET", _job_path(job_id))
        job = decoded(response, Job)
        if job.ended_at is not UNSET:
            return job
        pause = min(float(response.headers.get("retry-after", 1)), seconds - waited)
        if pause <= 0:
            raise JobNotEndedError(f"job {job_id} is {job.state} after {seconds:g} seconds; wait longer, or cancel it")
        yield Pause(pause)
        waited += pause


def is_table(value: object) -> bool:
    """Return whether a value is an Arrow table or a DataFrame; pandas is not imported for this."""
    pandas = sys.modules.get("pandas")
    return isinstance(value, pa.Table | pa.RecordBatch) or (pandas is not None and isinstance(value, pandas.DataFrame))


def listed(values: Any, kind: str) -> list[Any]:
    """Return a sequence as a list; raises InvalidArgumentError for a text, whose letters it would be, and the like."""
    try:
        if isinstance(values, str | bytes | Mapping) or is_table(values):
            raise TypeError
        return list(values)
    except TypeError:
        raise InvalidArgumentError(f"found {type(values).__name__}, expected a list of {kind}") from None
