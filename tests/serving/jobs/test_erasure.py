"""A job that names an erased customer is gone, in every state and form of body; the others stay."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from features.erasure.id_patterns import IdPattern
from features.erasure.id_search import files_in, names_customer
from serving.jobs.erasure import erase_from_jobs
from serving.state import ServiceState
from tests.serving.asking import ARROW, JSON, PARQUET, arrow, parquet, rows_request, score_request
from tests.serving.conftest import NOW
from tests.serving.jobs.test_job_runner import LOG, Jobs

GONE = IdPattern(["17850"])


def log_of(*ids: str) -> Any:
    return LOG.filter([customer in ids for customer in LOG["customer_id"].to_pylist()])


@pytest.mark.parametrize("state", ["queued", "done", "running"])
@pytest.mark.parametrize(
    ("endpoint", "body", "kind"),
    [
        ("score", score_request(customers=[{"customer_id": 17850, "events": []}]), JSON),
        ("score", parquet(log_of("17850", "13047")), PARQUET),
        ("score", arrow(log_of("17850")), ARROW),
    ],
)
def test_a_job_of_an_erased_customer_is_removed(
    model_state: ServiceState, tmp_path: Path, state: str, endpoint: str, body: Any, kind: str
) -> None:
    """Whatever its state; a search finds the id before and not after."""
    jobs = Jobs(model_state, tmp_path / "jobs")
    theirs = jobs.submit(endpoint, body, "&as_of=2011-06-10" if kind != JSON else "", kind=kind)
    claimed = None
    if state == "done":
        assert jobs.run()
    other = jobs.submit("score_features", rows_request())
    if state == "running":
        claimed = jobs.store.claim()
        assert claimed
    assert any(names_customer(file, GONE) for file in files_in([jobs.folder]))
    if claimed:  # a worker that does not stop keeps its job, which the next erasure removes
        claimed.begin()
        claimed.release()
    assert erase_from_jobs(jobs.folder, GONE, lambda: NOW) == [theirs]
    assert not any(names_customer(file, GONE) for file in files_in([jobs.folder]))
    assert (jobs.job(theirs).status, jobs.job(other).status) == (404, 200)
    assert erase_from_jobs(jobs.folder, GONE, lambda: NOW) == []


def test_a_job_that_runs_is_cancelled_and_then_removed(
    model_state: ServiceState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker stops at the next look, and goes on with the next job."""
    jobs = Jobs(model_state, tmp_path / "jobs")
    theirs = jobs.submit("score", parquet(log_of("17850")), "&as_of=2011-06-10", kind=PARQUET)
    results = type(jobs.app.state.jobs)._results
    erased: list[list[str]] = []

    def slowly(self: Any, claimed: Any, body: bytes, state: ServiceState) -> Any:
        from serving.api.turns import checkpoint

        for _ in range(5_000):
            asyncio.run(asyncio.sleep(0.02))
            checkpoint()
        return results(self, claimed, body, state)

    monkeypatch.setattr(type(jobs.app.state.jobs), "_results", slowly)
    monkeypatch.setattr("serving.jobs.job_store.STOP_SECONDS", 60.0)

    async def erase_meanwhile() -> None:
        run = asyncio.create_task(jobs.app.state.jobs.run_next())
        while jobs.store.status(jobs.store.find(theirs)).state != "running":
            await asyncio.sleep(0.02)
        erased.append(await asyncio.to_thread(erase_from_jobs, jobs.folder, GONE, lambda: NOW))
        await run

    asyncio.run(erase_meanwhile())
    assert erased == [[theirs]]
    assert jobs.job(theirs).status == 404
    assert list(jobs.folder.iterdir()) == []
