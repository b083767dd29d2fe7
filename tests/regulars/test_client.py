"""The client asks a real application, and gets types and tables back; a table is never sent as one body."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.applications import Starlette

from features.errors import (
    InvalidArgumentError,
    JobNotEndedError,
    KeyRefusedError,
    RequestRefusedError,
    ServiceBusyError,
    ServiceUnreachableError,
)
from regulars import Client
from regulars import client_tables as tables
from serving.api.app import make_app
from serving.jobs.job_store import JobLimits, JobStore
from serving.plan_types import PlanRecord
from serving.request_types import Customer, Purchase, Visit
from serving.state import CurrentState, ServiceState
from tests.serving.asking import ARROW, PARQUET, arrow, ask, feature_row
from tests.serving.conftest import EXAMPLE, NOW
from tests.serving.planned import CONTROL, ITEMS, PLAN_ID, plans_folder

LOG = pq.read_table(EXAMPLE).slice(0, 3000)


class InProcess(httpx.BaseTransport):
    """Hands requests to the application, and keeps them; answers of `script` come first."""

    def __init__(self, app: Starlette, *script: httpx.Response | Exception) -> None:
        self.app, self.script, self.sent = app, list(script), list[httpx.Request]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if self.script:
            answer = self.script.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        given: dict[str, Any] = {"kind": None, "query": request.url.query.decode(), "method": request.method}
        found = ask(self.app, request.url.path, request.read() or None, headers=dict(request.headers), **given)
        return httpx.Response(found.status, headers=found.headers, content=found.body)


@pytest.fixture(scope="module")
def served(model_state: ServiceState, tmp_path_factory: pytest.TempPathFactory) -> Starlette:
    """An application with plans and jobs."""
    folder = tmp_path_factory.mktemp("served")
    jobs = JobStore(folder / "jobs", JobLimits(), lambda: NOW)
    plans = plans_folder(folder / "plans")
    return make_app(CurrentState(model_state), plans=plans, jobs=jobs, clock=lambda: NOW)


@pytest.fixture
def transport(served: Starlette) -> InProcess:
    return InProcess(served)


@pytest.fixture
def client(transport: InProcess) -> Iterator[Client]:
    with Client("http://service", transport=transport) as client:
        yield client


def test_scores_come_back_typed(client: Client, served: Starlette) -> None:
    """Events and features are scored as without the client."""
    events = [
        Purchase(event_time="2011-03-20 15:05:00", amount=88.9),
        Visit(event_time="2011-05-02", channel="phone", outcome="interested"),
    ]
    found = client.score([Customer("12415", events)], as_of="2011-06-10", horizon_days=30)
    assert (found.model_version, found.horizon_days) == ("7", 30)
    assert 0 < found.scores[0].churn_probability < 1
    assert found.scores[0].loyalty_parts["visits"].score > 0
    expected = ask(served, "/score_features", {"rows": [feature_row()], "as_of": "2011-06-10"}).json()
    (score,) = client.score_features([feature_row()], "2011-06-10").scores
    assert score.loyalty_score == expected["scores"][0]["loyalty_score"]
    assert client.versions().timezone == "Europe/London"
    assert client.ready().status == "ready"


def test_a_refusal_says_why(client: Client) -> None:
    """A problem document becomes an error that holds it, of one line."""
    ahead = Purchase(event_time="2012-03-20", amount=1)
    with pytest.raises(RequestRefusedError, match=r"^422 [^\n]* ahead of the clock[^\n]*$") as refused:
        client.score([Customer("12415", [ahead])])
    (fault,) = refused.value.problem.errors
    assert fault.path == "customers/0/events/0/event_time"
    with pytest.raises(RequestRefusedError) as refused:
        client.score_customers(["12415"])
    assert refused.value.problem.status == 409


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf"), "7"])
def test_what_breaks_the_types_is_not_sent(client: Client, transport: InProcess, amount: Any) -> None:
    """Wrong values are refused here, NaN among them, which JSON would make null of."""
    with pytest.raises(msgspec.ValidationError, match="amount"):
        client.score([Customer("12415", [Purchase(event_time="2011-03-20", amount=amount)])])
    assert transport.sent == []


@pytest.mark.parametrize("as_frame", [True, False])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_log_is_scored_in_chunks_as_a_whole(
    client: Client, transport: InProcess, monkeypatch: pytest.MonkeyPatch, as_frame: bool, seed: int
) -> None:
    """However its rows lie: the same scores, customers in the order of their first rows, no body with all of it."""
    monkeypatch.setattr(tables, "CHUNK_EVENTS", 500)
    shuffled = LOG.to_pandas().sample(frac=1.0, random_state=seed) if seed else LOG.to_pandas()
    log = shuffled.reset_index(drop=True)
    body = arrow(pa.Table.from_pandas(log, preserve_index=False))
    whole = ask(transport.app, "/score", body, kind=ARROW, accept=ARROW, query="as_of=2011-06-10")
    expected = pa.ipc.open_stream(whole.body).read_all()
    found = client.score(log if as_frame else pa.Table.from_pandas(log), as_of="2011-06-10")
    assert len(transport.sent) > 4
    assert max(len(pa.ipc.open_stream(request.content).read_all()) for request in transport.sent) < 1000
    if as_frame:
        pd.testing.assert_frame_equal(found, expected.replace_schema_metadata(None).to_pandas(), rtol=1e-12)
        assert found.attrs["model_version"] == "7"
        assert list(found["customer_id"]) == list(log["customer_id"].unique())
    else:
        assert found.column("customer_id") == expected.column("customer_id")
        assert found.schema.metadata == expected.schema.metadata
    cutoffs = {request.url.params["as_of"] for request in transport.sent[1:]}
    assert cutoffs == {"2011-06-10T00:00:00+01:00"}


def test_a_feature_table_is_scored_in_chunks(
    client: Client, transport: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the customers as a column or as the index; a cutoff that is absent is that of the first chunk."""
    monkeypatch.setattr(tables, "CHUNK_CUSTOMERS", 7)
    rows = [feature_row(customer_id=f"c{number}") for number in range(20)]
    frame = pd.DataFrame(rows).set_index("customer_id").astype(float)
    found = client.score_features(frame)
    assert list(found["customer_id"]) == list(frame.index)
    assert found["loyalty_score"].nunique() == 1
    assert len(transport.sent) == 3
    assert "as_of" not in transport.sent[0].url.params
    assert transport.sent[1].url.params["as_of"] == found.attrs["as_of"]


def test_faults_have_the_rows_of_the_table(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not those of the chunk in which they were sent."""
    monkeypatch.setattr(tables, "CHUNK_EVENTS", 100)
    log = LOG.to_pandas()
    log.loc[2500, "amount"] = -3.0
    with pytest.raises(RequestRefusedError, match="amount/2500: ") as refused:
        client.score(log, as_of="2011-06-10")
    assert [fault.path for fault in refused.value.problem.errors] == ["amount/2500"]


def test_another_version_in_between_begins_again(
    client: Client, transport: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is of one version."""
    monkeypatch.setattr(tables, "CHUNK_CUSTOMERS", 5)
    frame = pd.DataFrame([feature_row(customer_id=f"c{number}") for number in range(10)])
    first = client.score_features(frame, "2011-06-10")
    data = pa.Table.from_pandas(first.head(5), preserve_index=False)
    older = data.replace_schema_metadata({**first.attrs, "model_version": "6"})
    transport.script = [httpx.Response(200, content=arrow(older))]
    again = client.score_features(frame, "2011-06-10")
    pd.testing.assert_frame_equal(again, first)
    assert again.attrs["model_version"] == "7"


def test_a_table_without_rows_or_ids_is_refused_before_it_is_sent(client: Client, transport: InProcess) -> None:
    """One line says what is missing."""
    for frame, word in ((pd.DataFrame({"a": [1]}), "customer_id"), (pd.DataFrame({"customer_id": []}), "no rows")):
        with pytest.raises(InvalidArgumentError, match=word):
            client.score(frame)
    assert transport.sent == []


def test_what_may_pass_is_tried_again(client: Client, transport: InProcess) -> None:
    """429, 502, 503, 504 and lost connections, after the pause of Retry-After; other refusals at once."""
    busy = [httpx.Response(status, headers={"Retry-After": "0"}) for status in (429, 502, 503, 504)]
    transport.script = [*busy, httpx.ConnectError("refused")]
    assert client.versions().timezone == "Europe/London"
    assert len(transport.sent) == 6
    transport.script = [httpx.Response(404, content=b"<html>")]
    with pytest.raises(RequestRefusedError, match=r"^404 Not Found: /versions was answered without"):
        client.versions()
    assert len(transport.sent) == 7


def test_the_pause_is_that_of_the_service(served: Starlette, monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry-After is respected; what stays busy is an error of its own, a service that is not there another."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    problem = ask(served, "/jobs/x").body.replace(b"404", b"503")
    full = [httpx.Response(503, headers={"Retry-After": "7"}, content=problem) for _ in range(3)]
    client = Client("http://service", retries=2, transport=InProcess(served, *full))
    with pytest.raises(ServiceBusyError, match=r"^503 "):
        client.score([Customer("a", [])], as_of="2011-06-10")
    assert slept == [7.0, 7.0]
    with pytest.raises(KeyRefusedError):
        Client("http://service", transport=InProcess(served, httpx.Response(401))).versions()


def test_a_service_that_is_not_there_is_one_line() -> None:
    """With its address; nobody listens there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with (
            Client(f"http://127.0.0.1:{port}", retries=0) as client,
            pytest.raises(ServiceUnreachableError, match=rf"^the service at http://127.0.0.1:{port} does not[^\n]*$"),
        ):
            client.versions()


def test_key_and_trace_are_sent(served: Starlette) -> None:
    """The trace may be of each request."""
    traces = iter(["00-" + "a" * 32 + "-" + "b" * 16 + "-01", None])
    transport = InProcess(served)
    client = Client("http://service/", key="secret", traceparent=lambda: next(traces), transport=transport)
    client.versions()
    client.ready()
    assert [request.headers["authorization"] for request in transport.sent] == ["Bearer secret"] * 2
    assert [request.headers.get("traceparent", "")[:5] for request in transport.sent] == ["00-aa", ""]


def test_plans_are_read_in_pages_and_recorded(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows of a rep, nobody of the control group, and what was done."""
    monkeypatch.setattr("regulars.client_calls.PAGE", 1)
    assert PLAN_ID in [plan.plan_id for plan in client.plans.list().plans]
    assert {item.customer_id for item in client.plans.items(PLAN_ID, "R07")} == {"visited", "<b>&"}
    everything = client.plans.items(PLAN_ID)
    assert len(everything) == 4
    assert CONTROL not in {item.customer_id for item in everything}
    skipped = PlanRecord(plan_item=ITEMS["visited"], status="skipped", reason="bad_moment")
    assert client.plans.record(PLAN_ID, [skipped]).recorded == 1
    assert client.plans.record(PLAN_ID, [skipped]).known == 1


def test_jobs_from_submission_to_removal(client: Client, transport: InProcess) -> None:
    """A table, its result as a table; submitted again with the same key it is the same job."""
    job = client.jobs.submit(LOG, "2011-06-10", idempotency_key="week-23")
    assert client.jobs.submit(LOG, "2011-06-10", idempotency_key="week-23").job_id == job.job_id
    assert transport.sent[0].headers["content-type"] == PARQUET
    assert client.jobs.status(job.job_id).state == "queued"
    assert asyncio.run(transport.app.state.jobs.run_next())
    assert client.jobs.wait(job.job_id, 1).state == "done"
    found, expected = client.jobs.result(job.job_id), client.score(LOG, "2011-06-10")
    assert found.column("customer_id") == expected.column("customer_id")
    assert found.column("loyalty_score") == expected.column("loyalty_score")
    assert client.jobs.cancel(job.job_id) is None
    with pytest.raises(RequestRefusedError, match=r"^404 "):
        client.jobs.status(job.job_id)
    other = client.jobs.submit(["12415"], endpoint="score_customers")
    cancelled = client.jobs.cancel(other.job_id)
    assert cancelled
    assert cancelled.state == "cancelled"
    with pytest.raises(RequestRefusedError, match=r"^409 "):
        client.jobs.result(other.job_id)
    assert json.loads(transport.sent[-1].headers["accept"].partition(";q=")[2]) == 0.5


def test_waiting_ends(client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With an error of its own, after the pauses that the service asks for."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    job = client.jobs.submit([Customer("a", [])])
    with pytest.raises(JobNotEndedError, match="queued after 3 seconds"):
        client.jobs.wait(job.job_id, 3)
    assert slept == [1.0, 1.0, 1.0]
