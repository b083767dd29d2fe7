"""A service whose workers cannot start ends, and one of whose workers one cannot goes on."""

import os
import subprocess
import sys
from typing import Any

import pytest

from serving.runtime import supervision
from serving.runtime.supervision import ENDED, VARIABLE, Supervisor, end_with_first_process, reason_of, report


class Followed(Supervisor):
    """Notes what it logs and how often it stops the service; the living workers are what the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lines: list[dict[str, Any]] = []
        self.stops = 0
        super().__init__(lambda **line: self.lines.append(line), self.count)
        self.alive: set[int] = set()
        monkeypatch.setattr(supervision, "_workers", lambda: self.alive)

    def count(self) -> None:
        self.stops += 1

    def see(self, *alive: int) -> None:
        self.alive = set(alive)
        self.look(self.alive)


def test_a_reason_of_the_only_worker_ends_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, with the reason of the first."""
    followed = Followed(monkeypatch)
    followed.see(11, 12)
    followed.hear("11 no room")
    followed.hear("12 no room either")
    assert (followed.failure, followed.stops) == ("no room", 1)


def test_beside_a_ready_worker_a_failure_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others answer on; when the last of them is gone, the next failure ends the service."""
    followed = Followed(monkeypatch)
    followed.see(11, 12)
    followed.hear("11")
    followed.hear("12 no room")
    assert (followed.failure, followed.lines) == (None, [{"event": "worker failed", "reason": "no room"}])
    followed.see(13)
    followed.hear("13 no room")
    assert (followed.failure, followed.stops) == ("no room", 1)


def test_workers_that_end_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """One may have been stopped; when the next one ends like it, the service does."""
    followed = Followed(monkeypatch)
    followed.see(11, 12)
    followed.see()
    assert followed.failure is None
    followed.see(13)
    followed.see()
    assert (followed.failure, followed.stops) == (ENDED, 1)


def test_a_killed_worker_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often, if the next one becomes ready."""
    followed = Followed(monkeypatch)
    for process in range(11, 20):
        followed.see(process)
        followed.hear(str(process))
        followed.see()
    assert (followed.failure, followed.stops) == (None, 0)


def test_reports_reach_the_first_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the pipe that it opened, a text of several lines as one; nothing happens where there is none."""
    reading, writing = os.pipe()
    monkeypatch.setenv(VARIABLE, f"{os.getpid()} {writing}")
    report()
    report("no\nroom")
    assert os.read(reading, 1000).decode().splitlines() == [f"{os.getpid()}", f"{os.getpid()} no room"]
    monkeypatch.delenv(VARIABLE)
    report()
    end_with_first_process()
    os.close(reading)
    os.close(writing)


def test_a_reason_has_what_and_where() -> None:
    """In one line: an error of a library alone says little."""
    try:
        raise PermissionError(13, "Permission denied", "/srv/home")
    except PermissionError as error:
        reason = reason_of(error)
    assert reason.startswith("a worker cannot start: PermissionError: [Errno 13] Permission denied: '/srv/home' (at ")
    assert "test_supervision.py:" in reason


WORKER = """
import time
from serving.runtime.supervision import end_with_first_process
end_with_first_process()
print("up", flush=True)
time.sleep(60)
"""
FIRST = f"""
import os, subprocess, sys, time
os.environ["{VARIABLE}"] = f"{{os.getpid()}} 1"
subprocess.Popen([sys.executable, "-c", {WORKER!r}])
time.sleep(60)
"""


def test_a_worker_ends_with_the_first_process() -> None:
    """Also when that is killed: the pipe of both closes; a worker that comes too late does not start."""
    with subprocess.Popen([sys.executable, "-c", FIRST], stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"up\n"
        first.kill()
        assert first.stdout.read() == b""  # the worker had it open too
    late = subprocess.run(
        [sys.executable, "-c", WORKER], env=os.environ | {VARIABLE: "1 1"}, capture_output=True, timeout=60, check=False
    )
    assert (late.returncode, late.stdout) == (1, b"")
    assert b"the first process of the service has ended" in late.stderr
