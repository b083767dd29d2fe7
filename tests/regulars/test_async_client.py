"""The client for asyncio has the methods of the other one, and the same answers."""

import asyncio
import inspect
from typing import Any

import httpx
import pandas as pd
import pyarrow.parquet as pq
import pytest
from starlette.applications import Starlette

from features.errors import RequestRefusedError
from regulars import AsyncClient, Client, client, client_tables
from regulars import async_client as of_asyncio
from serving.api.app import make_app
from serving.jobs.job_store import JobLimits, JobStore
from serving.plan_types import PlanRecord
from serving.request_types import Customer, Purchase
from serving.state import CurrentState, ServiceState
from tests.serving.asking import feature_row
from tests.serving.conftest import EXAMPLE, NOW
from tests.serving.planned import ITEMS, PLAN_ID, plans_folder

LOG = pq.read_table(EXAMPLE).slice(0, 1000)


@pytest.fixture
def served(model_state: ServiceState, tmp_path: Any) -> Starlette:
    """An application with plans and jobs."""
    jobs, plans = JobStore(tmp_path / "jobs", JobLimits(), lambda: NOW), plans_folder(tmp_path / "plans")
    return make_app(CurrentState(model_state), plans=plans, jobs=jobs, clock=lambda: NOW)


def test_both_clients_have_the_same_methods() -> None:
    """With the same parameters and descriptions; those of one are coroutines."""
    for one, other in (
        (Client, AsyncClient),
        (client.Plans, of_asyncio.AsyncPlans),
        (client.Jobs, of_asyncio.AsyncJobs),
    ):
        names = {name for name in vars(one) if not name.startswith("_")}
        assert names == {name for name in vars(other) if not name.startswith("_")}
        for name in names:
            of_one, of_other = getattr(one, name), getattr(other, name)
            assert inspect.iscoroutinefunction(of_other)
            assert inspect.signature(of_one) == inspect.signature(of_other)
            assert inspect.getdoc(of_one) == inspect.getdoc(of_other)


def test_everything_over_asyncio(served: Starlette, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores of customers and tables, plans, jobs and refusals, several requests at once."""
    monkeypatch.setattr(client_tables, "CHUNK_EVENTS", 200)
    customer = Customer("12415", [Purchase(event_time="2011-06-01", amount=120.0)])

    async def ask() -> None:
        async with AsyncClient("http://service", transport=httpx.ASGITransport(served)) as asked:
            one, table, facts = await asyncio.gather(
                asked.score([customer], "2011-06-10"), asked.score(LOG.to_pandas(), "2011-06-10"), asked.versions()
            )
            assert one.scores[0].customer_id == "12415"
            assert list(table["customer_id"]) == list(pd.unique(LOG.to_pandas()["customer_id"]))
            assert facts.timezone == "Europe/London"
            assert (await asked.ready()).status == "ready"
            assert await asked.plans.items(PLAN_ID, "R07")
            done = PlanRecord(plan_item=ITEMS["visited"], status="skipped", reason="other")
            assert (await asked.plans.record(PLAN_ID, [done])).recorded == 1
            assert (await asked.plans.list()).plans
            job = await asked.jobs.submit(LOG, "2011-06-10")
            assert await served.state.jobs.run_next()
            assert (await asked.jobs.wait(job.job_id)).state == "done"
            assert (await asked.jobs.result(job.job_id)).column("customer_id").to_pylist() == list(table["customer_id"])
            assert await asked.jobs.cancel(job.job_id) is None
            with pytest.raises(RequestRefusedError, match=r"^404 "):
                await asked.jobs.status(job.job_id)
            with pytest.raises(RequestRefusedError, match=r"^409 "):
                await asked.score_customers(["12415"])
            (rows,) = (await asked.score_features([feature_row(customer_id="a")], "2011-06-10")).scores
            assert rows.customer_id == "a"

    asyncio.run(ask())
