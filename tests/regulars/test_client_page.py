"""The examples of docs/how-to/client.md run as they stand, against a service with keys of nobody."""

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import uvicorn

from serving.api.app import make_app
from serving.jobs.job_store import JobLimits, JobStore
from serving.state import CurrentState, ServiceState
from tests.serving.conftest import EXAMPLE, NOW
from tests.serving.planned import plans_folder

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "client.md").read_text()
BLOCKS = re.findall(r"## ([^\n]*)\n(?:(?!\n## ).)*?```python\n(.*?)```", PAGE, re.DOTALL)
FIRST = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]


@pytest.fixture(scope="module")
def address(model_state: ServiceState, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service behind uvicorn, whose jobs run."""
    folder = tmp_path_factory.mktemp("served")
    jobs, plans = JobStore(folder / "jobs", JobLimits(), lambda: NOW), plans_folder(folder / "plans")
    app = make_app(CurrentState(model_state), plans=plans, jobs=jobs, clock=lambda: NOW)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.parametrize(("heading", "code"), [("At the top", FIRST), *BLOCKS], ids=lambda text: text[:12])
def test_an_example_runs(
    address: str, heading: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder with a log."""
    monkeypatch.chdir(tmp_path)
    pq.write_table(pq.read_table(EXAMPLE).slice(0, 2000), "log.parquet")
    assert "http://127.0.0.1:3000" in code
    exec(code.replace("http://127.0.0.1:3000", address), {})


def test_every_section_with_code_is_run() -> None:
    """Tables, jobs, plans and asyncio."""
    assert [heading for heading, _ in BLOCKS] == ["Tables", "Jobs", "Plans", "With asyncio"]
