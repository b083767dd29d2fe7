"""Problem documents (RFC 9457): every error response has this form."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from starlette.responses import Response

from serving.response_types import Fault, Problem

PROBLEM_TYPE = "application/problem+json"
MAXIMUM_FAULTS = 20
"""How many faults a problem document names, so that a table of 100,000 faulty rows has a readable answer."""


class Kind(NamedTuple):
    """A kind of problem: its HTTP status, its title, and when it occurs."""

    status: int
    title: str
    meaning: str


KINDS: Mapping[str, Kind] = {
    "malformed": Kind(400, "The request cannot be read", "no JSON, no UTF-8, a key twice, no Arrow or Parquet data"),
    "unknown-parameter": Kind(
        400,
        "The query is not understood",
        "an unknown, repeated or unreadable query parameter, or one that contradicts the body",
    ),
    "unauthorized": Kind(401, "A key is needed", "no key, or an unknown one, where keys are in use"),
    "forbidden": Kind(
        403, "The key does not allow this", "a key without the scope of the endpoint, or not for this rep"
    ),
    "cross-origin": Kind(
        403, "The page may not do this", "a preflight of an origin, method or header that CORS does not allow here"
    ),
    "not-found": Kind(404, "There is no such page", "an unknown path"),
    "unknown-plan": Kind(
        404, "There is no such plan", "an unknown plan or page of a plan, or a service without `--plans`"
    ),
    "unknown-job": Kind(
        404, "There is no such job", "an unknown job, one of another key, or a service without `--jobs`"
    ),
    "method-not-allowed": Kind(405, "The method is not allowed here", "GET for POST or the like; `Allow` says which"),
    "not-acceptable": Kind(406, "No answer in a form you accept", "an `Accept` that names nothing we write"),
    "timeout": Kind(408, "The request took too long to arrive", "a body that was not there in time"),
    "no-batch-scores": Kind(409, "There are no batch scores", "`/score_customers` before `regulars score` was run"),
    "plan-unusable": Kind(409, "The plan cannot be used", "a plan folder that is damaged, there twice or read-only"),
    "no-result": Kind(409, "The job has no result", "a job that has not ended, or was cancelled"),
    "too-large": Kind(
        413, "The request is too large", "more bytes, customers, events or records than a request may have"
    ),
    "unsupported-media-type": Kind(
        415, "The body is of a kind we do not read", "another `Content-Type`, charset or `Content-Encoding`"
    ),
    "invalid": Kind(422, "The request breaks the contract", "unknown, missing, wrong or impossible values"),
    "idempotency-conflict": Kind(
        422, "The Idempotency-Key is taken", "an `Idempotency-Key` of another body or other parameters"
    ),
    "too-many-requests": Kind(429, "Too many requests", "a rate above the limit; `Retry-After` says how long to wait"),
    "internal": Kind(500, "The service failed", "a fault of ours; it is in the log under the request's id"),
    "busy": Kind(503, "The service is busy", "too many large requests at once; `Retry-After` says how long to wait"),
    "scores-unreachable": Kind(
        503, "The batch scores cannot be reached", "a database of batch scores that does not answer, or not in time"
    ),
    "jobs-full": Kind(503, "There is no place for a job", "as many jobs, or bytes of them, as may be kept"),
    "jobs-unusable": Kind(507, "Jobs cannot be stored", "a folder of jobs that is full or cannot be used"),
}

_encode = msgspec.json.Encoder().encode


class ProblemError(Exception):
    """A request that is answered with a problem document."""

    def __init__(
        self,
        kind: str,
        detail: str,
        faults: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        maximum_faults: int = MAXIMUM_FAULTS,
    ) -> None:
        super().__init__(detail)
        self.maximum_faults = maximum_faults
        self.kind, self.detail, self.faults, self.headers = kind, detail, tuple(faults), headers


def invalid(faults: Sequence[tuple[str, str]], maximum_faults: int = MAXIMUM_FAULTS) -> ProblemError:
    """Return the problem of a request with wrong values; `faults` has the path and detail of one or more."""
    path, detail = faults[0]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    detail = f"{path}: {detail}{more}" if path else detail
    return ProblemError("invalid", detail, faults, maximum_faults=maximum_faults)


def problem_of(error: ProblemError) -> Problem:
    """Return the problem document of an error."""
    kind = KINDS[error.kind]
    faults = [Fault(*fault) for fault in error.faults[: error.maximum_faults]]
    return Problem(f"/problems/{error.kind}", kind.title, kind.status, error.detail, faults or msgspec.UNSET)


def problem_response(error: ProblemError) -> Response:
    """Return the response with the problem document of an error."""
    return Response(_encode(problem_of(error)), KINDS[error.kind].status, error.headers, PROBLEM_TYPE)


def internal_error(request_id: str) -> Response:
    """Return a 500 response that reveals only the request id."""
    return problem_response(
        ProblemError("internal", f"request {request_id} met a fault of the service; its log says where")
    )
