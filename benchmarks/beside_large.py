"""How long `/readyz` takes while a worker has a large request in hand: `python -m benchmarks.beside_large`.

Load balancers and Kubernetes take a worker that does not answer within a second for dead. A service with one worker is
started over an empty store, asked for its readiness every ten milliseconds, and sent one large request after another.
"""

import argparse
import gzip
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from benchmarks.serving_bodies import large_bodies

CHECKOUT = Path(__file__).parent.parent
PATIENCE = 120
GOAL_MS = 100


class Large(NamedTuple):
    """A large request."""

    path: str
    body: bytes
    headers: Mapping[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=27, help="size of the bodies with events")
    parser.add_argument("--repeats", type=int, default=3, help="times that each large request is sent")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        command = [sys.executable, "-m", "cli.main", "serve", "--port", str(port)]
        with (Path(home) / "log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=CHECKOUT, env=os.environ | {"BENTOML_HOME": home}, stdout=log, stderr=log
            )
        try:
            _wait(f"http://127.0.0.1:{port}", process)
            print("| request | its seconds | `/readyz`: median ms | p99 ms | longest ms |\n|---|---:|---:|---:|---:|")
            for name, large in _requests(arguments.megabytes).items():
                print(_row(f"http://127.0.0.1:{port}", name, large, arguments.repeats), flush=True)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def _requests(megabytes: int) -> dict[str, Large]:
    kind, gzipped = {"Content-Type": "application/json", "Accept-Encoding": "identity"}, {"Content-Encoding": "gzip"}
    event = {"event_type": "purchase", "event_time": "2011-03-20T15:05:00Z", "amount": 88.9, "reference": "536370"}
    one = len(json.dumps(event)) + 2
    few, many = (
        json.dumps({"customers": _customers(megabytes * 10**6 // (one * each), [event] * each), "as_of": "2011-06-10"})
        for each in (50, 5)
    )
    *_, columns = large_bodies(20_000)["ours, JSON columns"]
    return {
        "nothing": Large("/livez", b"", {}),
        f"{megabytes} MB of events, 50 a customer": Large("/score", few.encode(), kind),
        f"{megabytes} MB of events, 5 a customer": Large("/score", many.encode(), kind),
        "the same, the answer in gzip": Large("/score", many.encode(), kind | {"Accept-Encoding": "gzip"}),
        "the same, the body in gzip": Large("/score", gzip.compress(many.encode(), 1), kind | gzipped),
        f"{len(columns) // 10**6} MB of feature columns": Large("/score_features", columns, kind),
    }


def _customers(count: int, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"customer_id": f"c{number}", "events": events} for number in range(count)]


def _row(url: str, name: str, large: Large, repeats: int) -> str:
    """Send the request some times, ask for readiness meanwhile, and return the row of the table."""
    seconds, failures = [], []

    def send() -> None:
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            for _ in range(repeats):
                began = time.perf_counter()
                method = "POST" if large.body else "GET"
                answer = client.request(method, url + large.path, content=large.body, headers=large.headers)
                seconds.append(time.perf_counter() - began)
                if answer.status_code != 200:
                    failures.append(f"{answer.status_code} {answer.text[:200]}")
                if not large.body:
                    time.sleep(1)

    sender, times = threading.Thread(target=send), []
    sender.start()
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        while sender.is_alive():
            began = time.perf_counter()
            client.get(f"{url}/readyz")
            times.append(1000 * (time.perf_counter() - began))
            time.sleep(0.01)
    if failures:
        sys.exit(f"{name}: {failures[0]}")
    times.sort()
    p99, longest = times[int(0.99 * len(times))], times[-1]
    figures = f"{statistics.median(times):.1f} | {p99:.1f} | {longest:.1f}{'' if longest <= GOAL_MS else ' **missed**'}"
    return f"| {name} | {statistics.median(seconds):.2f} | {figures} |"


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            httpx.get(f"{url}/readyz", trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    sys.exit(f"the service did not start: {process.poll()}")


if __name__ == "__main__":
    main()
