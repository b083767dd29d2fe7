"""A job gives what its endpoint would have answered, whatever becomes of the workers meanwhile."""

import asyncio
import errno
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from features.errors import ScoresUnreachableError
from serving.api.app import make_app
from serving.api.parameters import Clock
from serving.batch_lookup import BatchLookup
from serving.jobs import job_folder
from serving.jobs.job_runner import SCORES_PATIENCE, SCORES_PAUSE
from serving.jobs.job_store import JobLimits, JobStore
from serving.scoring import score_table
from serving.state import CurrentState, ServiceState
from tests.serving.asking import (
    ARROW,
    JSON,
    PARQUET,
    arrow,
    ask,
    columns_request,
    feature_row,
    parquet,
    rows_request,
    score_request,
)
from tests.serving.conftest import EXAMPLE, NOW
from tests.serving.running import eventually


class Jobs:
    """An application with jobs, which run when a test says so."""

    def __init__(self, state: ServiceState, folder: Path, clock: Clock = lambda: NOW, **given: Any) -> None:
        self.folder, self.store = folder, JobStore(folder, JobLimits(), clock)
        self.app = make_app(CurrentState(state), jobs=self.store, clock=lambda: NOW, **given)

    def submit(self, endpoint: str, body: Any, query: str = "", **given: Any) -> Any:
        answer = ask(self.app, "/jobs", body, query=f"endpoint={endpoint}{query}", **given)
        assert answer.status == 202, answer.body
        assert answer.headers["location"] == f"/jobs/{answer.json()['job_id']}"
        return answer.json()["job_id"]

    def run(self) -> bool:
        return asyncio.run(self.app.state.jobs.run_next())

    def job(self, job_id: str, **given: Any) -> Any:
        return ask(self.app, f"/jobs/{job_id}", **given)

    def result(self, job_id: str, **given: Any) -> Any:
        return ask(self.app, f"/jobs/{job_id}/result", **given)


@pytest.fixture
def jobs(model_state: ServiceState, tmp_path: Path) -> Jobs:
    return Jobs(model_state, tmp_path / "jobs")


MANY = columns_request(
    columns={name: [value] * 500 for name, value in feature_row().items()}
    | {"customer_id": [f"c{n}" for n in range(500)]}
)
LOG = pq.read_table(EXAMPLE).slice(0, 3000)


@pytest.mark.parametrize(
    ("endpoint", "body", "kind", "query"),
    [
        ("score", score_request(), JSON, ""),
        ("score", arrow(LOG), ARROW, "as_of=2011-06-10&horizon_days=30"),
        ("score", parquet(LOG), PARQUET, "as_of=2011-06-10"),
        ("score_features", rows_request(), JSON, "horizon_days=10"),
        ("score_features", MANY, JSON, ""),
    ],
)
def test_a_job_gives_what_its_endpoint_answers(jobs: Jobs, endpoint: str, body: Any, kind: str, query: str) -> None:
    """To the byte, in each media type, however the body came."""
    job_id = jobs.submit(endpoint, body, f"&{query}" if query else "", kind=kind)
    assert jobs.job(job_id).json()["state"] == "queued"
    assert jobs.run()
    assert not jobs.run()
    done = jobs.job(job_id).json()
    assert (done["state"], done["scored"]) == ("done", done["customers"])
    for accept in (None, JSON, ARROW, PARQUET):
        expected = ask(jobs.app, f"/{endpoint}", body, kind=kind, query=query, accept=accept)
        found = jobs.result(job_id, accept=accept)
        assert (found.status, found.headers["content-type"]) == (200, expected.headers["content-type"])
        assert found.body == expected.body


def test_a_job_of_the_batch_gives_its_rows(model_state: ServiceState, tmp_path: Path) -> None:
    """Without a file of scores it fails as the endpoint would."""
    jobs = Jobs(model_state, tmp_path / "jobs")
    job_id = jobs.submit("score_customers", {"customer_ids": ["12415"]})
    assert jobs.run()
    problem = ask(jobs.app, "/score_customers", {"customer_ids": ["12415"]}).json()
    assert jobs.job(job_id).json()["problem"] == jobs.result(job_id).json() == problem
    assert (jobs.job(job_id).json()["state"], jobs.result(job_id).status) == ("failed", 409)


def test_a_job_waits_for_the_database_of_the_scores(model_state: ServiceState, tmp_path: Path) -> None:
    """Beside other jobs, in any worker, for as many attempts as it takes; in the end one line says what to do."""
    answers: list[BatchLookup | None] = [None] * 5

    def lookup(ids: Sequence[str]) -> BatchLookup:
        if (answer := answers.pop(0)) is None:
            raise ScoresUnreachableError("no route to host")
        return answer

    now = [NOW]
    jobs = Jobs(model_state, tmp_path / "jobs", lambda: now[0], scores=lookup)
    facts = {"as_of": "2011-06-10", "timezone": "UTC", "formula_version": "1"}
    job_id = jobs.submit("score_customers", {"customer_ids": ["12415"]})
    assert jobs.run()
    other_id = jobs.submit("score", score_request())
    assert (jobs.run(), jobs.run()) == (True, False)
    assert [jobs.job(each).json()["state"] for each in (job_id, other_id)] == ["queued", "done"]
    for _ in range(4):  # more than the workers that may die with it
        now[0] += SCORES_PAUSE
        jobs = Jobs(model_state, tmp_path / "jobs", lambda: now[0], scores=lookup)  # as after a restart
        assert (jobs.run(), jobs.run()) == (True, False)
        assert jobs.job(job_id).json()["state"] == "queued"
    answers.append(BatchLookup([], ["12415"], facts))
    now[0] += SCORES_PAUSE
    assert jobs.run()
    assert jobs.result(job_id).json()["unknown"] == ["12415"]
    answers += [None, None]
    lost_id = jobs.submit("score_customers", {"customer_ids": ["12415"]})
    assert jobs.run()
    first, now[0] = now[0], now[0] + SCORES_PATIENCE
    assert jobs.run()
    assert (jobs.job(lost_id).json()["state"], jobs.result(lost_id).status) == ("failed", 503)
    assert jobs.result(lost_id).json()["detail"] == (
        f"the database of the batch scores has not answered any attempt since {first:%Y-%m-%d %H:%M:%S} UTC: "
        "see that it runs, and submit the job again"
    )


def test_a_faulty_body_fails_as_the_request_would(jobs: Jobs) -> None:
    """With the same problem document, and the next job runs."""
    faulty = columns_request(columns={"recency": [-1.0]})
    job_id, next_id = jobs.submit("score_features", faulty), jobs.submit("score", score_request())
    assert (jobs.run(), jobs.run()) == (True, True)
    expected = ask(jobs.app, "/score_features", faulty)
    assert (jobs.result(job_id).status, jobs.result(job_id).json()) == (expected.status, expected.json())
    assert jobs.job(next_id).json()["state"] == "done"


def test_without_as_of_the_cutoff_is_the_submission(model_state: ServiceState, tmp_path: Path) -> None:
    """However long the job waits."""
    times = iter([NOW, *[NOW + timedelta(hours=5)] * 50])
    store = JobStore(tmp_path / "jobs", JobLimits(), lambda: NOW)
    app = make_app(CurrentState(model_state), jobs=store, clock=lambda: next(times))
    body = score_request()
    del body["as_of"]
    job_id = ask(app, "/jobs", body, query="endpoint=score").json()["job_id"]
    assert asyncio.run(app.state.jobs.run_next())
    assert ask(app, f"/jobs/{job_id}/result").json()["as_of"] == NOW.isoformat().replace("+00:00", "Z")


def test_a_job_of_dead_workers_is_given_up_after_three(jobs: Jobs) -> None:
    """Each death is one attempt; a worker that stops in good order is none."""
    job_id = jobs.submit("score", score_request())
    store = JobStore(jobs.folder, JobLimits(), lambda: NOW)
    for death in range(3):
        stopped = store.claim()
        assert stopped
        assert stopped.begin()
        stopped.give_back()
        stopped.release()
        died = store.claim()
        assert died
        assert died.begin()
        assert died.progress.attempt == death + 1
        assert jobs.job(job_id).json()["state"] == "running"
        died.release()
        assert jobs.job(job_id).json()["state"] == "queued"
    assert jobs.run()
    assert (jobs.job(job_id).json()["state"], jobs.result(job_id).status) == ("failed", 500)
    assert "3 worker processes" in jobs.result(job_id).json()["detail"]


def test_a_cancelled_job_stops_at_its_next_block(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The work ends in the midst of it, and there is no result."""
    names = [f"c{n}" for n in range(1500)]
    columns = {name: [value] * len(names) for name, value in feature_row().items()} | {"customer_id": names}
    monkeypatch.setattr("serving.api.responses.BLOCK", 100)
    monkeypatch.setattr("serving.jobs.job_runner.CANCEL_CHECK_SECONDS", 0.0)
    job_id, blocks = jobs.submit("score_features", columns_request(columns=columns)), []
    scored = score_table

    def slowly(features: Any, *given: Any) -> Any:
        blocks.append(len(features))
        if len(blocks) == 2:
            assert jobs.job(job_id, method="DELETE").json()["state"] == "cancelled"
        if len(blocks) >= 2:
            time.sleep(0.5)  # one is enough, unless the machine is busy
        return scored(features, *given)

    monkeypatch.setattr("serving.api.responses.score_table", slowly)
    assert jobs.run()
    assert len(blocks) < 15
    assert (jobs.job(job_id).json()["state"], jobs.result(job_id).status) == ("cancelled", 409)
    assert jobs.job(job_id, method="DELETE").status == 204
    assert jobs.job(job_id).status == 404


def test_a_request_does_not_wait_for_a_job(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that comes while a job runs is answered after the block that is under way, or a few more."""
    names = [f"c{n}" for n in range(2000)]
    columns = {name: [value] * len(names) for name, value in feature_row().items()} | {"customer_id": names}
    monkeypatch.setattr("serving.api.responses.BLOCK", 100)
    jobs.submit("score_features", columns_request(columns=columns))
    blocks, scored, asked, answered = [], score_table, threading.Event(), threading.Event()

    def slowly(features: Any, *given: Any) -> Any:
        if len(features) == 100:
            blocks.append(1)
            if len(blocks) == 3:
                assert asked.wait(60)
            if len(blocks) == 12:
                assert answered.wait(60)
            time.sleep(0.1)
        return scored(features, *given)

    monkeypatch.setattr("serving.api.responses.score_table", slowly)
    answers: list[Any] = []

    def table() -> None:
        answers.append(ask(jobs.app, "/score", arrow(LOG.slice(0, 20)), kind=ARROW, query="as_of=2011-06-10"))
        answered.set()

    running, asking = threading.Thread(target=jobs.run), threading.Thread(target=table)
    running.start()
    eventually(lambda: len(blocks) == 3, "the job is in its third block")
    asking.start()
    eventually(lambda: jobs.app.state.jobs._worker_thread._turns._waiting, "the table waits")
    asked.set()
    asking.join()
    running.join()
    assert (answers[0].status, len(blocks)) == (200, 20)


def test_a_folder_that_cannot_be_used_is_507_and_mends(jobs: Jobs) -> None:
    """No 500, readiness says so, the job that waits is kept, and all goes on when the folder is back."""
    job_id = jobs.submit("score", score_request())
    jobs.folder.rename(jobs.folder.with_name("aside"))
    jobs.folder.write_text("no folder")
    answer = ask(jobs.app, "/jobs", score_request(), query="endpoint=score")
    assert (answer.status, answer.json()["type"]) == (507, "/problems/jobs-unusable")
    assert int(answer.headers["retry-after"]) > 0
    assert not jobs.run()
    assert "folder of jobs" in ask(jobs.app, "/readyz").json()["reasons"][0]
    assert ask(jobs.app, "/score", score_request()).status == 200
    jobs.folder.unlink()
    jobs.folder.with_name("aside").rename(jobs.folder)
    assert jobs.run()
    assert jobs.result(job_id).status == 200
    assert ask(jobs.app, "/readyz").json() == {"status": "ready"}


def test_a_lost_result_and_a_damaged_outcome_are_told(jobs: Jobs) -> None:
    """A result that is gone is no fault of the folder; a job whose outcome cannot be read has failed."""
    job_id = jobs.submit("score", score_request())
    assert jobs.run()
    for path in (jobs.folder / job_id).glob("result.*"):
        path.unlink()
    answer = jobs.result(job_id)
    assert (answer.status, answer.json()["detail"]) == (409, "the result of this job is gone; submit it again")
    (jobs.folder / job_id / "outcome.json").write_text("{")
    assert not jobs.run()
    found = jobs.job(job_id).json()
    assert (found["state"], found["problem"]["type"]) == ("failed", "/problems/internal")
    assert jobs.result(job_id).status == 500
    assert jobs.job(job_id, method="DELETE").status == 204


def test_a_full_disk_at_the_end_keeps_the_job(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The result does not fit: the job waits for room, and has not failed."""
    job_id = jobs.submit("score", score_request())
    write = job_folder.write_whole

    def full(path: Path, *pieces: bytes) -> None:
        if path.name.startswith("result"):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, *pieces)

    with monkeypatch.context() as patch:
        patch.setattr(job_folder, "write_whole", full)
        for _ in range(5):
            assert not jobs.run()
            assert jobs.app.state.jobs.trouble
    assert jobs.job(job_id).json()["state"] == "queued"
    assert jobs.run()
    assert jobs.result(job_id).status == 200


def test_a_job_runs_with_the_application(jobs: Jobs) -> None:
    """As long as its lifespan; jobs that are left at its end are there at the next start."""

    async def run() -> None:
        async with jobs.app.router.lifespan_context(jobs.app):
            until = time.monotonic() + 60
            while jobs.store.counts()["done"] < 2 and time.monotonic() < until:
                await asyncio.sleep(0.02)

    ids = [jobs.submit("score", score_request()) for _ in range(2)]
    asyncio.run(run())
    assert [jobs.job(each).json()["state"] for each in ids] == ["done", "done"]
    waiting = jobs.submit("score", score_request())
    assert jobs.job(waiting).json()["state"] == "queued"
