"""The service beside its peers, in one run, in rounds that take turns: `python -m benchmarks.serving`.

Needs `wrk` (Debian's package of that name) and a published version (`make serve` makes one); LitServe lives in an
environment of its own, requirements/serving_peers.txt, which is made in `var/serving-peers`; without it it is left out.
"""

import argparse
import json
import math
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil

from benchmarks.serving_bodies import bodies, large_bodies
from benchmarks.stopwatch import CHECKOUT, leave_out

CONCURRENCIES = (1, 8, 32)
PATIENCE = 180


@dataclass
class Contender:
    """A server: how it is started, what it is asked, and what was measured."""

    name: str
    command: Sequence[object]
    path: str
    body: bytes
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    checkout: Path = CHECKOUT
    process: subprocess.Popen[bytes] | None = None
    beside: "Contender | None" = None
    start: float = math.nan
    memory: float = math.nan
    rounds: dict[int, list[tuple[float, float, float, float]]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self.port}{self.path}"

    def family(self) -> list[psutil.Process]:
        """The processes of the server."""
        assert self.process is not None
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]

    def cpu(self) -> float:
        """Processor seconds of all of them so far."""
        return sum(sum(each.cpu_times()[:2]) for each in self.family())

    def worker_memory(self) -> float:
        """Bytes resident of the largest of them."""
        return max(each.memory_info().rss for each in self.family())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bentoml-home", type=Path, default=Path(os.environ.get("BENTOML_HOME", "var/bentoml")))
    parser.add_argument("--litserve-python", type=Path, default=CHECKOUT / "var/serving-peers/bin/python")
    parser.add_argument("--no-litserve", action="store_true")
    parser.add_argument("--earlier", type=Path, help="a checkout of an earlier commit, measured in the same run")
    parser.add_argument("--earlier-home", type=Path, help="BENTOML_HOME of what it published")
    parser.add_argument("--out", type=Path, default=Path("var/serving.json"))
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        leave_out("wrk is not here: install Debian's package wrk")
    if not (arguments.bentoml_home / "models/regulars/latest").is_file():
        leave_out(f"{arguments.bentoml_home} has no published version: make serve publishes one")
    litserve = None if arguments.no_litserve else _litserve(arguments.litserve_python)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        contenders = _contenders(scratch, arguments.bentoml_home.absolute(), litserve)
        if arguments.earlier:
            contenders[2:2] = _earlier(arguments.earlier.absolute(), arguments.earlier_home.absolute())
        for each in contenders:
            _say(f"starting {each.name}")
            stack.enter_context(_started(each, scratch))
        for at in range(arguments.rounds):
            for concurrency in CONCURRENCIES:
                for each in contenders:
                    measured = _wrk(each, concurrency, arguments.seconds, scratch)
                    each.rounds.setdefault(concurrency, []).append(measured)
                    _say(f"round {at + 1}: {each.name}, {concurrency} at once: {measured[0]:,.0f} a second")
        for each in contenders:
            each.memory = each.worker_memory()  # large tables load pandas, which stays
        large = _large(contenders, arguments.rounds)
        _report(contenders, large, arguments.out)


def _contenders(scratch: Path, home: Path, litserve: Path | None) -> list[Contender]:
    ports = iter(_free_ports(8))
    given = bodies()
    python = sys.executable
    model = scratch / "mlflow"
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "BENTOML_DO_NOT_TRACK": "True", "OMP_NUM_THREADS": "1"}
    path = f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"  # MLflow calls uvicorn by name
    quiet |= {"SERVING_MODELS": str(scratch / "models.joblib"), "PATH": path}
    fit = [python, "-m", "benchmarks.serving_peers", "mlflow_model", model]
    subprocess.run(fit, check=True, cwd=CHECKOUT, env=os.environ | quiet, capture_output=True)
    serve = [python, "-m", "cli.main", "serve", "--port"]
    peer = [python, "-m", "benchmarks.serving_peers"]
    bento = [python, "-m", "bentoml", "serve", "benchmarks.serving_bento:Plain", "--port"]
    mlflow = [python, "-m", "mlflow", "models", "serve", "-m", model, "--env-manager", "local", "-w", "1", "-p"]
    ours = {"BENTOML_HOME": str(home)}
    port = next(ports)
    beside = {"BENTOML_HOME": str(scratch / "bentoml")}
    contenders = [
        Contender("ours, by features", [*serve, port], "/score_features", given["features"], port, quiet | ours),
        Contender("plain BentoML", [*bento, p := next(ports)], "/score", given["rows"], p, quiet | beside),
        Contender("mlflow models serve", [*mlflow, p := next(ports)], "/invocations", given["mlflow"], p, quiet),
        Contender("FastAPI", [*peer, "fastapi", p := next(ports)], "/score", given["list"], p, quiet),
        Contender("Starlette echo", [*peer, "starlette", p := next(ports)], "/score", given["rows"], p, quiet),
    ]
    contenders.insert(1, Contender("ours, by 50 events", [], "/score", given["events"], port, beside=contenders[0]))
    if litserve:
        command = [litserve, "-m", "benchmarks.serving_litserve", p := next(ports)]
        contenders.insert(4, Contender("LitServe", command, "/score", given["rows"], p, quiet))
    return contenders


def _earlier(checkout: Path, home: Path) -> list[Contender]:
    """Return the service of an earlier commit, by features and by events."""
    (port,), given = _free_ports(1), bodies()
    command = [sys.executable, "-m", "cli.main", "serve", "--port", port]
    environment = {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True", "OMP_NUM_THREADS": "1"}
    first = Contender(
        "earlier, by features", command, "/score_features", given["features"], port, environment, checkout
    )
    return [first, Contender("earlier, by 50 events", [], "/score", given["events"], port, beside=first)]


@contextmanager
def _started(each: Contender, scratch: Path) -> Iterator[None]:
    """Start the server, note how long it takes until it answers, and end it after the block."""
    if each.beside:  # the process of another contender, at another path
        each.process = each.beside.process
        _ready(each)
        yield
        return
    began = time.monotonic()
    with (scratch / f"{each.name}.log").open("wb") as log:
        each.process = subprocess.Popen(
            [*map(str, each.command)],
            cwd=each.checkout,
            env=os.environ | {"PYTHONPATH": str(each.checkout)} | each.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _ready(each)
        each.start = time.monotonic() - began
        yield
    finally:
        os.killpg(each.process.pid, signal.SIGTERM)
        try:
            each.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(each.process.pid, signal.SIGKILL)


def _ready(each: Contender) -> None:
    until, last_answer = time.monotonic() + PATIENCE, "no answer"
    while time.monotonic() < until:
        if each.process is not None and each.process.poll() is not None:
            sys.exit(f"{each.name} ended with {each.process.returncode}")
        try:
            answer = httpx.post(each.url, content=each.body, headers=JSON, trust_env=False, timeout=30)
            if answer.status_code == 200:
                return
            last_answer = f"{answer.status_code} {answer.text[:500]}"
        except httpx.TransportError as error:
            last_answer = str(error)
        time.sleep(0.05)
    sys.exit(f"{each.name} does not answer: {last_answer}")


JSON = {"Content-Type": "application/json"}
SCRIPT = 'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = io.open("{}"):read("*a")\n'


def _wrk(each: Contender, concurrency: int, seconds: int, scratch: Path) -> tuple[float, float, float, float]:
    """Return requests a second, p50 and p99 in ms, and processor ms a request."""
    body, script = scratch / "body", scratch / "post.lua"
    body.write_bytes(each.body)
    script.write_text(SCRIPT.format(body))
    command = ["wrk", "-t1", f"-c{concurrency}", "--latency", "--timeout", "60s", "-s", script, each.url]
    subprocess.run([*command, "-d1s"], check=True, capture_output=True)
    before = each.cpu()
    done = subprocess.run([*command, f"-d{seconds}s"], check=True, capture_output=True, text=True).stdout
    cpu = each.cpu() - before
    if "Non-2xx" in done or "Socket errors" in done:
        sys.exit(f"{each.name} answered with errors:\n{done}")
    count = int(re.search(r"(\d+) requests in", done)[1])  # type: ignore[index]
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1])  # type: ignore[index]
    return rate, _ms(done, "50%"), _ms(done, "99%"), 1000 * cpu / count if count else math.nan


def _ms(wrk_output: str, quantile: str) -> float:
    number, unit = re.search(rf"{quantile}\s+([\d.]+)(us|ms|s)", wrk_output).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def _large(contenders: Sequence[Contender], rounds: int) -> dict[str, tuple[float, float]]:
    """Return, of 10,000 customers in one request, milliseconds of the clock and of the processor."""
    by_name = {each.name: each for each in contenders}
    taken: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds + 1):
        for what, (name, kind, accept, body) in large_bodies(10_000).items():
            contender = by_name[name]
            headers = {"Content-Type": kind, "Accept": accept}
            wall, cpu = time.perf_counter(), contender.cpu()
            path = "/score_features?as_of=2011-12-10" if kind != "application/json" else contender.path
            url = f"http://127.0.0.1:{contender.port}{path}"
            answer = httpx.post(url, content=body, headers=headers, trust_env=False, timeout=120)
            if answer.status_code != 200:
                sys.exit(f"{what}: {answer.status_code} {answer.text[:500]}")
            taken.setdefault(what, []).append((1000 * (time.perf_counter() - wall), 1000 * (contender.cpu() - cpu)))
    return {what: _medians(samples[1:]) for what, samples in taken.items()}  # the first warms


def _medians(rows: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(statistics.median(column) for column in zip(*rows, strict=True))


def _report(contenders: Sequence[Contender], large: dict[str, tuple[float, float]], out: Path) -> None:
    print(f"\nmedians of the rounds; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n")
    print("| one customer a request | at once | a second | p50 ms | p99 ms | processor ms | worker MB | start s |")
    print("|---|---|---|---|---|---|---|---|")
    single: dict[str, object] = {}
    for each in contenders:
        memory = each.memory / 1e6
        for concurrency, rows in each.rounds.items():
            rate, p50, p99, cpu = _medians(rows)
            start = f"{each.start:.1f}" if not math.isnan(each.start) else ""
            times = f"{p50:.2f} | {p99:.2f} | {cpu:.2f}"
            print(f"| {each.name} | {concurrency} | {rate:,.0f} | {times} | {memory:.0f} | {start} |")
        single[each.name] = {"rounds": each.rounds, "memory": memory, "start": each.start}
    print("\n| 10,000 customers a request | ms | processor ms |\n|---|---|---|")
    for what, (wall, cpu) in large.items():
        print(f"| {what} | {wall:.0f} | {cpu:.0f} |")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({"single": single, "large": large, "at": datetime.now(UTC).isoformat()}, indent=1))


def _litserve(python: Path) -> Path | None:
    """Return the Python of LitServe, made if need be; None where it cannot be had."""
    if not python.exists():
        folder = python.parents[1]
        commands = (["uv", "venv", "-q", folder], ["uv", "pip", "sync", "-q", "--python", python, "--require-hashes"])
        try:
            for command in (commands[0], [*commands[1], CHECKOUT / "requirements/serving_peers.txt"]):
                subprocess.run([*map(str, command)], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            _say(f"LitServe is left out: {error}")
            return None
    return python


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
