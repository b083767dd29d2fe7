"""Under load nothing is dropped, wrong or leaked, whatever happens to the service meanwhile."""

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from serving.state import ServedModel
from tests.ports import free_port
from tests.serving.load import Load, load
from tests.serving.running import READY, Running, answers, eventually, put, running, start, variant

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def service(home: Path) -> Iterator[Running]:
    """Two workers."""
    with running(home, "--workers", "2") as runs:
        eventually(lambda: runs.log.read_text().count(READY) >= 2, "both workers are ready")
        yield runs


def test_twenty_champions_in_a_row(service: Running, home: Path, served_model: ServedModel) -> None:
    """Each answer is whole and names a version that was published by then; the last one stays."""
    with Load(service.port) as calls:
        eventually(lambda: calls.outcome.versions["1"] > 0, "version 1 answers")
        for number in range(2, 22):
            put(home, variant(served_model.customer_model, number), number)
            eventually(lambda last=str(number): calls.outcome.versions[last] > 0, f"version {number} answers")
    outcome = calls.outcome
    assert (set(outcome.statuses), outcome.cut, outcome.dropped, outcome.refused) == ({200}, 0, 0, 0)
    assert set(outcome.versions) == {str(number) for number in range(1, 22)}
    eventually(lambda: {service.version() for _ in range(10)} == {"21"}, "both workers have the last one")
    assert {service.version() for _ in range(20)} == {"21"}


def test_slow_and_large_requests_beside(service: Running) -> None:
    """Bodies that trickle in and bodies of 60 MB take nothing from the others."""
    slow = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(50)]
    for one in slow:
        one.sendall(b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n")
    with Load(service.port) as calls:
        for _ in range(3):
            answer = service.ask(
                "POST", "/score", content=b"[" + b" " * 60_000_000, headers={"Content-Type": "application/json"}
            )
            assert 400 <= answer.status_code < 500
            for one in slow:
                one.sendall(b" ")
    for one in slow:
        one.close()
    outcome = calls.outcome
    assert (set(outcome.statuses), outcome.cut, outcome.dropped, outcome.refused) == ({200}, 0, 0, 0)


def test_sigterm_answers_what_came_before(home: Path) -> None:
    """Every request that was read is answered whole; a connection may end before its next request is read."""
    port = free_port()
    log = home / "term.log"
    with log.open("wb") as lines:
        process = start(home, port, lines)
    service = Running(port, process, log)
    try:
        eventually(lambda: answers(service), "it is ready", process)
        with Load(port) as calls:
            eventually(lambda: calls.outcome.answered > 500, "it is under load")
            assert service.stop() == 0
    finally:
        process.kill()
    outcome = calls.outcome
    assert set(outcome.statuses) == {200}
    assert outcome.cut == 0
    # What the service answered arrived, all of it; besides, there may be the example that the command asks itself.
    logged = sum(line["status"] == 200 and line["route"] == "/score" for line in service.lines() if "route" in line)
    assert logged - outcome.answered in (0, 1)


def test_a_full_disk_stops_nothing(home: Path) -> None:
    """Lines that cannot be written are counted, and every request is answered."""
    port = free_port()
    with Path("/dev/full").open("wb") as full:
        process = start(home, port, full, errors=subprocess.DEVNULL)
    service = Running(port, process, home / "none")
    try:
        eventually(lambda: answers(service), "it is ready", process)
        outcome = asyncio.run(load(port, 8, lambda so_far: so_far.answered < 500))
        assert (set(outcome.statuses), outcome.cut, outcome.dropped) == ({200}, 0, 0)

        def lost() -> float:
            lines = service.ask("GET", "/metrics").text.splitlines()
            return sum(float(line.split()[-1]) for line in lines if line.startswith("regulars_log_lines_lost"))

        eventually(lambda: lost() >= 500, "the lost lines are counted")
    finally:
        service.stop()


def test_memory_stays_flat(home: Path) -> None:
    """Over 200,000 requests a worker grows by less than a twentieth."""
    with running(home) as service:
        (worker,) = service.workers()
        asyncio.run(load(service.port, 32, lambda so_far: so_far.answered < 20_000))
        before = psutil.Process(worker).memory_info().rss
        outcome = asyncio.run(load(service.port, 32, lambda so_far: so_far.answered < 180_000))
        after = psutil.Process(worker).memory_info().rss
        assert set(outcome.statuses) == {200}
        assert after < before * 1.05, (before, after)
