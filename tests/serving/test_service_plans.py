"""Plans as the service serves them: two workers behind a socket, asked with keys by several at once, and by curl."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import psutil
import pytest

from planning.records import EVENTS_FILE, current_records
from serving.runtime.api_keys import add_key
from tests.serving.planned import CONTROL, ITEMS, PLAN_ID, plans_folder
from tests.serving.running import REQUEST, ROOT, Running, running

HOW_TO = (ROOT / "docs" / "how-to" / "plan.md").read_text()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path, dict[str, str]]]:
    """A service of two workers with plans and keys, its folder of plans, and the secrets by scope."""
    home = tmp_path_factory.mktemp("planned")
    plans = plans_folder(home / "plans")
    secrets = {scope: add_key(home / "keys.toml", scope, [scope]) for scope in ("plan", "score", "page")}
    options = ("--plans", str(plans), "--keys", str(home / "keys.toml"), "--workers", "2")
    with running(home / "bento", *options) as runs:
        yield runs, plans, secrets


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_a_key_of_plans_opens_plans_alone(service: tuple[Running, Path, dict[str, str]]) -> None:
    """And no other key opens them; a browser gives it as the password, and gets the page as it was written."""
    runs, plans, secrets = service
    page = f"/plans/{PLAN_ID}/reps/r07.html"
    for path in ("/plans", f"/plans/{PLAN_ID}/items", page):
        assert runs.ask("GET", path).status_code == 401
        statuses = {scope: runs.ask("GET", path, headers=bearer(key)).status_code for scope, key in secrets.items()}
        assert statuses == {"plan": 200, "score": 403, "page": 403}
    assert runs.ask("POST", "/score", json=REQUEST, headers=bearer(secrets["plan"])).status_code == 403
    assert runs.ask("POST", "/score", json=REQUEST, headers=bearer(secrets["score"])).status_code == 200
    assert runs.ask("GET", page).headers["www-authenticate"].startswith("Basic")
    answer = runs.ask("GET", page, auth=("me", secrets["plan"]))
    assert answer.content == (plans / "first" / "reps" / "r07.html").read_bytes()


def test_workers_lose_no_record_and_load_nothing_for_plans(service: tuple[Running, Path, dict[str, str]]) -> None:
    """Forty requests at once for one plan: every record is there once, and no library was loaded for them."""
    runs, plans, secrets = service

    def libraries() -> set[str]:
        maps = [file.path for worker in runs.workers() for file in psutil.Process(worker).memory_maps()]
        return {path for path in maps if re.search(r"scipy|highs|numba|duckdb", path)}

    def add(number: int) -> int:
        row = {"customer_id": f"n{number}", "status": "done", "channel": "phone", "done_at": "2026-11-24"}
        path = f"/plans/{PLAN_ID}/records"
        while (answer := runs.ask("POST", path, json={"records": [row]}, headers=bearer(secrets["plan"]))).status_code:
            if answer.status_code != 503:  # the queue of a worker is full
                return answer.status_code
        return 0

    before = libraries()
    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(add, range(40))) == {200}
    assert runs.ask("GET", f"/plans/{PLAN_ID}/plan.html", headers=bearer(secrets["plan"])).status_code == 200
    assert libraries() == before
    found = current_records(plans / "first")
    assert sorted(found["customer_id"]) == sorted(f"n{number}" for number in range(40))
    assert set(found["source"]) == {"service, key plan"}
    assert len(pd.read_parquet(plans / "first" / EVENTS_FILE)) == 40


def test_log_and_metrics_have_routes_and_no_ids(service: tuple[Running, Path, dict[str, str]]) -> None:
    """The template of the path stands for every plan."""
    runs, _, secrets = service
    runs.ask("GET", f"/plans/{PLAN_ID}/items", params={"rep": "R07"}, headers=bearer(secrets["plan"]))
    unknown = runs.ask("GET", "/plans/2026-W01-00000000/items", headers=bearer(secrets["plan"]))
    assert runs.logs(id=unknown.headers["x-request-id"])["route"] == "/plans/{plan_id}/items"
    log = runs.log.read_text()
    assert not any(text in log for text in (PLAN_ID, "2026-W01-00000000", CONTROL, ITEMS["visited"]))


def test_the_curl_lines_of_the_how_to_work(service: tuple[Running, Path, dict[str, str]]) -> None:
    """With the address, plan and row of this service in place of those shown."""
    runs, _, secrets = service
    [block] = [text for text in re.findall(r"```sh\n(.*?)```", HOW_TO, re.DOTALL) if "/records" in text]
    replaced = {"http://127.0.0.1:3000": runs.url, "2026-W48-9c1f02ab": PLAN_ID, "Pb42839778110": ITEMS["visited"]}
    for shown, real in replaced.items():
        assert shown in block
        block = block.replace(shown, real)
    command = block.replace("\ncurl", "\necho; curl")
    environment = os.environ | {"KEY": secrets["plan"], "no_proxy": "*"}
    done = subprocess.run(["bash", "-ec", command], env=environment, capture_output=True, text=True, check=True)
    plans, items, records = map(json.loads, done.stdout.splitlines())
    assert plans["plans"][0]["plan_id"] == PLAN_ID
    assert {item["rep"] for item in items["items"]} == {"R07"}
    assert [row["row"] for row in records["records"]] == ["planned", "outside"]
