"""docs/service.md tells what the service does."""

import json
import re
from pathlib import Path

import msgspec
import pytest
from starlette.applications import Starlette

from serving import job_types, plan_types
from serving import request_types as schemas
from serving import response_types as replies
from serving.api.app import RequestLimits
from serving.api.arrow_parquet import CHUNKS, FOOTER_BYTES, TABLE_BYTES
from serving.api.openapi import document
from serving.api.problem_details import KINDS, MAXIMUM_FAULTS
from serving.runtime.settings import ServeSettings
from tests.serving.asking import ask

PAGE = (Path(__file__).parents[2] / "docs" / "service.md").read_text()


def test_every_endpoint_is_told(app: Starlette) -> None:
    """Each path of the app stands in the page with its method, and no other in its table but BentoML's two."""
    described = json.loads(document())["paths"]
    told = set(re.findall(r"`(GET|POST|DELETE) (/[a-z_./{}]*)`", PAGE))
    methods = {(method.upper(), path) for path, methods in described.items() for method in methods}
    assert told == methods | {("GET", "/livez"), ("GET", "/metrics")}


def test_every_problem_is_told() -> None:
    """The table of problems is that of the code."""
    told = re.findall(r"^\| `/problems/([a-z-]+)` \| (\d+) \| (.*) \|$", PAGE, re.MULTILINE)
    assert told == [(name, str(kind.status), kind.meaning) for name, kind in KINDS.items()]
    assert f"Up to {MAXIMUM_FAULTS} faults" in PAGE


@pytest.mark.parametrize(
    "type_",
    [
        replies.Score,
        replies.ScoreAnswer,
        replies.Part,
        replies.Interval,
        job_types.Job,
        job_types.JobQuery,
        plan_types.PlanEntry,
        plan_types.ItemsQuery,
        schemas.ScoringParameters,
        schemas.ScoreRequest,
    ],
)
def test_every_field_is_told(type_: type[msgspec.Struct]) -> None:
    """The fields of requests and answers stand in the page."""
    assert [name for name in type_.__struct_fields__ if f"`{name}`" not in PAGE and f'"{name}"' not in PAGE] == []


def test_the_limits_are_told() -> None:
    """The numbers in the page are those of the code."""
    limits = RequestLimits()
    for name, value in {
        "bytes of a body": limits.body_bytes,
        "customers in a request": limits.customers,
        "events in a request": limits.events,
        "events of one customer": limits.customer_events,
        "bytes of a table when its columns are decoded, 8 more for each text": TABLE_BYTES,
        "pages of a Parquet file; record batches times columns of an Arrow stream": CHUNKS,
        "bytes of the footer of a Parquet file": FOOTER_BYTES,
        "seconds for a body to arrive": int(limits.body_seconds),
        "bytes of a body with records": limits.records_bytes,
        "records in a request": limits.records,
    }.items():
        assert f"| {name} | {value:,} |" in PAGE
    settings = ServeSettings()
    assert f"`jobs_maximum` of the [settings](settings.md)) | {settings.jobs_maximum} |" in PAGE
    assert f"(`jobs_gigabytes`) | {int(1e9 * settings.jobs_gigabytes):,} |" in PAGE
    assert f"(`jobs_hours`) | {settings.jobs_hours:g} |" in PAGE
    assert f"| {limits.queue_size}, and one under way |" in PAGE
    assert f"Bodies above {limits.inline_bytes:,} bytes" in PAGE
    assert f"1 to {plan_types.MAXIMUM_ITEMS:,}, default {plan_types.DEFAULT_ITEMS:,}" in PAGE
    assert f"1 to {schemas.MAXIMUM_HORIZON_DAYS}, default {schemas.DEFAULT_HORIZON_DAYS}" in PAGE


def test_the_examples_of_the_page_work(app: Starlette) -> None:
    """What curl sends in the page is scored; the answer shown has the form of an answer."""
    (sent,) = re.findall(r"/score -H [^\n]* -d '(\{.*?\})'\n", PAGE, re.DOTALL)
    found = ask(app, "/score", sent.encode())
    assert found.status == 200
    shown, problem = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    assert msgspec.convert(shown, replies.ScoreAnswer).scores
    assert shown.keys() == found.json().keys()
    assert shown["scores"][0].keys() == found.json()["scores"][0].keys()
    rounded = {name: part["contribution"] for name, part in found.json()["scores"][0]["loyalty_parts"].items()}
    told = {name: part["contribution"] for name, part in shown["scores"][0]["loyalty_parts"].items()}
    assert told == pytest.approx(rounded, abs=0.06)
    assert msgspec.convert(problem, replies.Problem).title == KINDS["invalid"].title


def test_the_client_of_the_page_is_python_that_runs() -> None:
    """The names that the page imports are there."""
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec("\n".join(line for line in block.splitlines() if line.startswith("from")), {})
