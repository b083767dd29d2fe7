"""The endpoints of /jobs: submit a large body, ask where it stands, take its result, cancel it."""

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import BinaryIO, TypeVar

import msgspec
from anyio import CapacityLimiter, to_thread
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from serving.api.body_budget import BodyBudget, HeldBody, counted_in
from serving.api.content_negotiation import JSON, body_type, response_type
from serving.api.parameters import Clock, RequestLimits, query_values
from serving.api.problem_details import ProblemError, invalid, problem_of
from serving.api.request_body import fault_of, read_body
from serving.api.responses import json_response
from serving.api.routes import ExactRoute, TemplateRoute
from serving.api.score_body_reader import BODY_TYPES, RESPONSE_TYPES
from serving.api.time_limit import TimeLimit
from serving.job_types import Job, JobQuery
from serving.jobs.job_folder import JobFacts, JobStatus
from serving.jobs.job_store import JOB_ID, RETRY_AFTER_SECONDS, JobStore

T = TypeVar("T")

NO_JOBS = "the service was given no folder of jobs: `regulars serve --jobs DIR` names it"
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}")
POLL_SECONDS = 1
"""When to ask again for a job that has not ended."""
PIECE = 2**20
THREADS = 4
"""Requests that wait for the disk at once."""
ALLOWED = {"score": "score", "score_features": "score", "score_customers": "customers"}
"""The scope that a job of an endpoint needs."""


class JobEndpoints:
    """The endpoints of the jobs in a folder.

    Parameters
    ----------
    store : JobStore, optional
        Without it every endpoint answers 404.
    limits : RequestLimits
    budget : BodyBudget
    clock : callable
        Returns the present time: the default of `as_of`.
    body_time : TimeLimit
        Within which a body must arrive.
    wake : callable, optional
        Called when a job was submitted.
    """

    def __init__(
        self,
        store: JobStore | None,
        limits: RequestLimits,
        budget: BodyBudget,
        clock: Clock,
        body_time: TimeLimit,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._limits, self._clock, self._body_time = store, limits, clock, body_time
        self._budget, self._wake, self._threads = budget, wake, CapacityLimiter(THREADS)

    def routes(self) -> list[ExactRoute]:
        """Return the routes of the endpoints."""
        return [
            ExactRoute("/jobs", counted_in(self._budget, self.submit), methods=["POST"]),
            TemplateRoute("/jobs/{job_id}", self.job, methods=["GET", "DELETE"]),
            TemplateRoute("/jobs/{job_id}/result", self.result),
        ]

    async def submit(self, request: Request, held: HeldBody) -> Response:
        """Answer POST /jobs: keep the body, and say where the job is found."""
        query = _query(request)
        path = f"/{query.endpoint}"
        _check_scope(request, query.endpoint)
        headers = request.headers
        media_type = body_type(headers.get("content-type"), headers.get("content-encoding"), BODY_TYPES[path])
        response_type(headers.get("accept"), (JSON,))
        job_id, key = _job_id(request), request.scope.get("state", {}).get("key")
        if not headers.get("idempotency-key"):
            await self._run(lambda store: store.refuse_when_full())  # before the body is read
        body = await read_body(request, self._limits.body_bytes, self._body_time, held)

        def submit(store: JobStore) -> JobStatus:
            digest = hashlib.sha256(msgspec.json.encode([query, media_type]) + body).hexdigest()
            as_of, horizon_days = query.as_of or None, query.horizon_days or None
            new = JobFacts(job_id, query.endpoint, media_type, digest, self._clock(), as_of, horizon_days, key)
            facts = store.submit(new, body)
            if facts.digest != digest:
                detail = "the Idempotency-Key was used for another body or other parameters; take a new one"
                raise ProblemError("idempotency-conflict", detail)
            return store.status(facts)

        status = await self._run(submit)
        self._wake()
        location = f"{request.scope.get('root_path', '')}/jobs/{job_id}"
        return json_response(self._job(status), 202, {"Location": location, "Retry-After": str(POLL_SECONDS)})

    async def job(self, request: Request) -> Response:
        """Answer GET /jobs/{job_id}: where it stands; or DELETE: cancel it, or remove it if it has ended."""
        query_values(request.scope["query_string"])
        response_type(request.headers.get("accept"), (JSON,))

        def respond(store: JobStore) -> Response:
            facts = _find(store, request)
            if request.method == "DELETE" and store.cancel(facts):
                return Response(status_code=204)
            status = store.status(facts)
            headers = {} if status.outcome else {"Retry-After": str(POLL_SECONDS)}
            return json_response(self._job(status), 200, headers)

        return await self._run(respond)

    async def result(self, request: Request) -> Response:
        """Answer GET /jobs/{job_id}/result: what the endpoint of the job would have answered."""
        query_values(request.scope["query_string"])

        def respond(store: JobStore) -> Response:
            facts = _find(store, request)
            status = store.status(facts)
            wanted = response_type(request.headers.get("accept"), RESPONSE_TYPES[f"/{facts.endpoint}"])
            if status.state == "failed" and (outcome := status.outcome):
                raise ProblemError(outcome.kind, outcome.detail, outcome.faults, maximum_faults=len(outcome.faults))
            if status.state != "done":
                headers = {} if status.outcome else {"Retry-After": str(POLL_SECONDS)}
                raise ProblemError("no-result", f"the job is {status.state}, expected done", headers=headers)
            file = store.open_result(facts, wanted)
            length = str(os.fstat(file.fileno()).st_size)
            return StreamingResponse(_pieces(file), media_type=wanted, headers={"Content-Length": length})

        return await self._run(respond)

    def _job(self, status: JobStatus) -> Job:
        """Return the job as responses have it."""
        facts, outcome, customers = status.facts, status.outcome, status.progress.customers
        job = Job(
            job_id=facts.job_id,
            endpoint=facts.endpoint,
            state=status.state,
            submitted_at=facts.submitted_at,
            scored=status.progress.scored,
            customers=customers or UNSET,
        )
        if outcome and self._store:
            job.ended_at = outcome.ended_at
            job.kept_until = outcome.ended_at + timedelta(seconds=self._store.limits.seconds)
            if outcome.state == "failed":
                job.problem = problem_of(ProblemError(outcome.kind, outcome.detail, outcome.faults))
        return job

    async def _run(self, work: Callable[[JobStore], T]) -> T:
        """Return what `work` makes of the folder, in a thread; a folder that cannot be used is a problem document."""
        store = self._store
        if store is None:
            raise ProblemError("unknown-job", NO_JOBS)
        try:
            return await to_thread.run_sync(work, store, limiter=self._threads)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            detail = f"the folder of jobs cannot be used ({reason}); try again later, or without a job"
            raise ProblemError("jobs-unusable", detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}) from None


def _query(request: Request) -> JobQuery:
    """Return the query of a submission; raises a 400 or 422 problem."""
    values = query_values(request.scope["query_string"], JobQuery.__struct_fields__)
    for name, value in values.items():
        if value.lower() == "null":  # msgspec would take the text for None
            raise invalid([(name, f"found the text {value!r}, expected a value, or no such parameter")])
    try:
        query = msgspec.convert(values, JobQuery, strict=False)
    except msgspec.ValidationError as error:
        raise invalid([fault_of(str(error))]) from None
    if query.endpoint == "score_customers" and len(values) > 1:
        raise ProblemError("unknown-parameter", "score_customers takes no as_of and no horizon_days")
    return query


def _check_scope(request: Request, endpoint: str) -> None:
    """Raise a 403 problem for a key that may not use the endpoint of a job."""
    scopes = request.scope.get("state", {}).get("key_scopes")
    if scopes is not None and ALLOWED[endpoint] not in scopes:
        raise ProblemError("forbidden", f"the key lacks the scope {ALLOWED[endpoint]}, which {endpoint} needs")


def _job_id(request: Request) -> str:
    """Return the id of a new job: that of its Idempotency-Key, if it has one, among the jobs of its API key."""
    given = request.headers.get("idempotency-key")
    if given is None:
        return secrets.token_hex(16)
    if not IDEMPOTENCY_KEY.fullmatch(given):
        raise invalid([("Idempotency-Key", "expected 1 to 200 characters of ASCII without spaces")])
    owner = request.scope.get("state", {}).get("key") or ""
    return hashlib.sha256(f"{owner}\0{given}".encode()).hexdigest()[:32]


def _find(store: JobStore, request: Request) -> JobFacts:
    """Return the facts of the job in the path; raises a 404 problem for one that is not there, or of another key."""
    job_id: str = request.path_params["job_id"]
    facts = store.find(job_id) if JOB_ID.fullmatch(job_id) else None
    if facts is None or facts.key != request.scope.get("state", {}).get("key"):
        raise ProblemError("unknown-job", f"found no job {job_id[:100]!r} of this key; it may have been removed")
    return facts


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        yield from iter(lambda: file.read(PIECE), b"")
