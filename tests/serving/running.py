"""A real service on a port of its own: started as `regulars serve` does, asked over HTTP, ended by SIGTERM."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import bentoml
import httpx
import psutil
from bentoml._internal.models import ModelStore

from features.atomic_file import atomic_write
from tests.ports import free_port
from training.models.bundle import COMPILED_FILE
from training.models.compiled.compiled_model import CompiledModel
from training.models.customer_model import CustomerModel

ROOT = Path(__file__).parents[2]
PATIENCE = 90
READY = "Service regulars initialized"
"""In the log once for each worker that is ready."""
QUICK = {"REGULARS_SERVE_WATCH_SECONDS": "0.1", "REGULARS_SERVE_DRAIN_SECONDS": "0"}
EVENTS = [
    {"event_type": "purchase", "event_time": f"2024-0{month}-05T10:00:00Z", "amount": 10.5 * month}
    for month in (1, 3, 4)
]
REQUEST = {"customers": [{"customer_id": "bertha", "events": EVENTS}], "as_of": "2024-06-01", "horizon_days": 90}


def variant(model: CustomerModel, number: int) -> CustomerModel:
    """The model as if another log had taught it: another card, so another digest."""
    return replace(model, card=replace(model.card, data_digest=f"{number:064x}"))


def put(home: Path, model: CustomerModel, number: int, *, whole: bool = True, damaged: bool = False) -> Path:
    """Put the model into the store as `regulars publish` does, as that version and the latest; return its folder.

    Unless `whole` it is as earlier releases published it: the service then has to unpickle the formula. A `damaged` one
    has a byte too many in its compiled form from the beginning, so that no service sees it whole.
    """
    store = home / "models"
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=home / "tmp") as staging:
        digest = model.save(Path(staging, "bundle"))
        compiled = CompiledModel.of(model).save(Path(staging, "bundle", COMPILED_FILE))
        name = f"{number}-{digest[:12]}"
        facts = {"digest": digest, "compiled_digest": compiled, "compiled_formula": whole}
        beside = ModelStore(Path(staging, "store"))
        Path(staging, "store").mkdir()
        labels = {"version": str(number)}
        with bentoml.models.create(f"regulars:{name}", labels=labels, metadata=facts, _model_store=beside) as made:
            Path(staging, "bundle").rename(Path(made.path, "bundle"))
            if damaged:
                with Path(made.path, "bundle", COMPILED_FILE).open("ab") as file:
                    file.write(b" ")
        final = store / "regulars" / name
        final.parent.mkdir(parents=True, exist_ok=True)
        Path(staging, "store", "regulars", name).rename(final)
    latest(home, name)
    return final


def latest(home: Path, name: str) -> None:
    """Make that version the latest, now."""
    with atomic_write(home / "models" / "regulars" / "latest") as part:
        part.write_text(name)


@dataclass
class Running:
    """A service that runs."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """One request on a connection of its own."""
        with httpx.Client(trust_env=False, timeout=60) as client:
            return client.request(method, self.url + path, **given)

    def score(self, **given: Any) -> httpx.Response:
        return self.ask("POST", "/score", json=REQUEST, **given)

    def version(self) -> str:
        return str(self.score().json()["model_version"])

    def workers(self) -> list[int]:
        """The process ids of the workers."""
        found = []
        with suppress(psutil.NoSuchProcess):  # the service has ended
            for child in psutil.Process(self.process.pid).children():
                with suppress(psutil.Error):  # it has just ended
                    if "_bentoml_impl.worker.service" in child.cmdline():
                        found.append(child.pid)
        return found

    def lines(self) -> list[dict[str, Any]]:
        """What it logged as JSON so far; a line that is half written is left out."""
        whole = self.log.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def logs(self, **fields: Any) -> dict[str, Any]:
        """Wait for the first line with these fields, and return it: lines are written after the answer was sent."""
        found: list[dict[str, Any]] = []

        def look() -> list[dict[str, Any]]:
            found[:] = [line for line in self.lines() if fields.items() <= line.items()]
            return found

        eventually(look, f"{fields} is in the log")
        return found[0]

    def shows(self, text: str) -> None:
        """Wait until /metrics has that text: gauges are set every few moments, beside the requests."""
        eventually(lambda: text in self.ask("GET", "/metrics").text, f"{text!r} is at /metrics")

    def announced(self) -> None:
        """Wait until the command has said all that it says at the start, for which it asks an example."""
        eventually(lambda: "in a browser" in self.log.read_text(), "it has announced itself")

    def stop(self) -> int:
        """End it as the system would, and return its exit code; no process of it stays."""
        family = [self.process.pid, *self.workers()]
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        eventually(lambda: not any(map(psutil.pid_exists, family)), "all processes have ended")
        return code


@contextmanager
def running(home: Path, *options: str, **environment: str) -> Iterator[Running]:
    """Run `regulars serve` over the store of `home`; it is ready in the block, and ended by SIGTERM after it."""
    port = free_port()
    log = home / f"service-{port}.log"
    home.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as lines:
        process = start(home, port, lines, *options, **environment)
    service = Running(port, process, log)
    try:
        eventually(lambda: answers(service), f"it is ready: {log}", process)
        yield service
        if process.poll() is None:
            assert service.stop() == 0, log.read_text()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def start(
    home: Path, port: int, lines: Any, *options: str, errors: Any = subprocess.STDOUT, **environment: str
) -> subprocess.Popen[bytes]:
    """Start `regulars serve`, in a process group of its own, and do not wait."""
    given = os.environ | {"BENTOML_HOME": str(home)} | QUICK | environment
    command = [sys.executable, "-m", "cli.main", "serve", "--port", str(port), *options]
    return subprocess.Popen(command, cwd=ROOT, env=given, stdout=lines, stderr=errors, start_new_session=True)


def answers(service: Running) -> bool:
    try:
        return service.ask("GET", "/livez").status_code == 200
    except httpx.TransportError:
        return False


def eventually(holds: Any, what: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until it holds; fail when it does not in time, or the process ends."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert process is None or process.poll() is None, f"it ended before {what}"
        assert time.monotonic() < until, f"not in {PATIENCE} s: {what}"
        time.sleep(0.05)
