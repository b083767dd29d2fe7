"""Jobs over HTTP: what is refused at once, repeated submissions, and bounds."""

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from serving.api.app import RequestLimits, make_app
from serving.jobs.job_store import JobLimits, JobStore
from serving.state import CurrentState, ServiceState
from tests.serving.asking import ask, problem_of, score_request
from tests.serving.conftest import NOW


@pytest.fixture
def jobs_app(rule_state: ServiceState, tmp_path: Path) -> Starlette:
    """An app with room for three jobs and bodies of 20 kB."""
    store = JobStore(tmp_path / "jobs", JobLimits(jobs=3), lambda: NOW)
    return make_app(CurrentState(rule_state), RequestLimits(body_bytes=20_000), jobs=store, clock=lambda: NOW)


def submit(app: Starlette, body: Any = None, query: str = "endpoint=score", **headers: str) -> Any:
    return ask(app, "/jobs", score_request() if body is None else body, query=query, headers=headers)


def test_what_is_wrong_at_once_is_refused_at_once(jobs_app: Starlette) -> None:
    """Endpoint, parameters, media types and size, as the endpoint itself would; no job is made of it."""
    problem_of(submit(jobs_app, query=""), 422, "")
    problem_of(submit(jobs_app, query="endpoint=versions"), 422, "endpoint")
    problem_of(submit(jobs_app, query="endpoint=score&horizon_days=0"), 422, "horizon_days")
    problem_of(submit(jobs_app, query="endpoint=score&as_of=null"), 422, "as_of")
    problem_of(submit(jobs_app, query="endpoint=score&x=1"), 400, "x")
    problem_of(submit(jobs_app, query="endpoint=score_customers&horizon_days=3"), 400, None)
    problem_of(submit(jobs_app, **{"idempotency-key": "a b"}), 422, "Idempotency-Key")
    problem_of(submit(jobs_app, bytes(20_001)), 413, None)
    problem_of(submit(jobs_app, gzip.compress(bytes(20_001)), **{"content-encoding": "gzip"}), 413, None)
    problem_of(ask(jobs_app, "/jobs", b"", query="endpoint=score", kind="text/csv"), 415, None)
    problem_of(ask(jobs_app, "/jobs", {}, query="endpoint=score", accept="text/csv"), 406, None)
    problem_of(ask(jobs_app, "/jobs"), 405, None)
    for job_id in ("a" * 32, "..", "%2e%2e", "A" * 32, "a" * 31):
        for path in (f"/jobs/{job_id}", f"/jobs/{job_id}/result"):
            problem_of(ask(jobs_app, path), 404, None)
        problem_of(ask(jobs_app, f"/jobs/{job_id}", method="DELETE"), 404, None)


def test_without_a_folder_there_are_no_jobs(app: Starlette) -> None:
    """404 says how to have them."""
    for answer in (submit(app), ask(app, f"/jobs/{'a' * 32}"), ask(app, f"/jobs/{'a' * 32}/result")):
        problem_of(answer, 404, None)
        assert "regulars serve --jobs DIR" in answer.json()["detail"]


def test_an_idempotency_key_gives_the_same_job_back(jobs_app: Starlette) -> None:
    """However the same body is sent; another body, parameter or endpoint is refused in one line."""
    key = {"idempotency-key": "week-23"}
    job_id = submit(jobs_app, **key).json()["job_id"]
    packed = gzip.compress(json.dumps(score_request()).encode())
    assert submit(jobs_app, packed, **key, **{"content-encoding": "gzip"}).json()["job_id"] == job_id
    for answer in (
        submit(jobs_app, score_request(horizon_days=5), **key),
        submit(jobs_app, query="endpoint=score_features", **key),
        submit(jobs_app, query="endpoint=score&horizon_days=9", **key),
    ):
        problem_of(answer, 422, None)
        assert answer.json()["type"] == "/problems/idempotency-conflict"
    assert submit(jobs_app).json()["job_id"] != job_id
    ask(jobs_app, f"/jobs/{job_id}", method="DELETE")
    ask(jobs_app, f"/jobs/{job_id}", method="DELETE")
    assert submit(jobs_app, score_request(horizon_days=5), **key).status == 202


def test_a_full_folder_is_503_and_says_when_to_come_again(jobs_app: Starlette) -> None:
    """A repeated submission of a job that is there is answered all the same."""
    ids = [submit(jobs_app, **{"idempotency-key": f"k{n}"}).json()["job_id"] for n in range(3)]
    refused = submit(jobs_app)
    problem_of(refused, 503, None)
    assert (refused.json()["type"], refused.headers["retry-after"]) == ("/problems/jobs-full", "30")
    problem_of(submit(jobs_app, **{"idempotency-key": "k3"}), 503, None)
    assert submit(jobs_app, **{"idempotency-key": "k0"}).json()["job_id"] == ids[0]


def test_a_result_is_there_when_the_job_is_done(jobs_app: Starlette) -> None:
    """Before that 409, with the time to ask again; large results are compressed for who takes gzip."""
    names = [f"c{n}" for n in range(90)]
    body = {"customers": [{"customer_id": name, "events": []} for name in names], "as_of": "2011-06-10"}
    submitted = submit(jobs_app, body)
    path = submitted.headers["location"]
    assert submitted.headers["retry-after"] == ask(jobs_app, path).headers["retry-after"] == "1"
    early = ask(jobs_app, f"{path}/result")
    problem_of(early, 409, None)
    assert early.headers["retry-after"] == "1"
    assert asyncio.run(jobs_app.state.jobs.run_next())
    answer = ask(jobs_app, f"{path}/result", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert [score["customer_id"] for score in json.loads(gzip.decompress(answer.body))["scores"]] == names
    assert ask(jobs_app, f"{path}/result", accept="text/csv").status == 406
    assert ask(jobs_app, path).json()["kept_until"] == "2011-12-11T12:00:00Z"


def of_key(app: ASGIApp, name: str, *scopes: str) -> ASGIApp:
    """The application as the middleware hands it requests of a key."""

    async def with_key(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": {"key": name, "key_scopes": frozenset(scopes)}}, receive, send)

    return with_key


def test_a_job_is_seen_by_its_key_alone(jobs_app: Starlette) -> None:
    """For another key, and for none, it is not there; a key needs the scope of the job's endpoint."""
    ann, ben = of_key(jobs_app, "ann", "score"), of_key(jobs_app, "ben", "score")
    path = submit(ann, **{"idempotency-key": "k"}).headers["location"]
    for other in (ben, jobs_app):
        for answer in (ask(other, path), ask(other, f"{path}/result"), ask(other, path, method="DELETE")):
            problem_of(answer, 404, None)
    assert submit(ben, **{"idempotency-key": "k"}).headers["location"] != path
    assert ask(ann, path).json()["state"] == "queued"
    problem_of(submit(ann, {"customer_ids": ["a"]}, "endpoint=score_customers"), 403, None)
    problem_of(submit(of_key(jobs_app, "cat", "customers")), 403, None)
