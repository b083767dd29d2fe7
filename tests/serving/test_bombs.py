"""No body raises the memory of a worker by more than 600 MB, whatever it becomes."""

import gc
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from starlette.applications import Starlette

from tests.serving.asking import ask, problem_of
from tests.serving.bombs import BOMBS, LARGEST, Bomb
from tests.serving.running import running

GROWTH = 600
"""Megabytes that a body may cost a worker."""


def memory(process: str = "self") -> tuple[float, float]:
    """Resident memory of a process and its peak, in MB."""
    lines = dict(line.split(":", 1) for line in Path("/proc", process, "status").read_text().splitlines())
    now, peak = (int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return now, peak


def forget_peak(process: str = "self") -> None:
    Path("/proc", process, "clear_refs").write_text("5")


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=list(BOMBS))
def test_a_bomb_is_refused_before_it_goes_off(app: Starlette, bomb: Bomb) -> None:
    """By what the body would become, in one line, at a cost that the size of the body explains."""
    body = bomb.make()
    gc.collect()
    pa.default_memory_pool().release_unused()
    forget_peak()
    before, _ = memory()
    answer = ask(app, bomb.path, body, kind=bomb.kind, headers=bomb.headers)
    _, peak = memory()
    problem_of(answer, bomb.status, answer.json().get("errors", [{"path": None}])[0]["path"])
    assert peak - before < GROWTH / 2


@pytest.mark.slow
def test_a_worker_stays_small_under_bombs(home: Path) -> None:
    """Each bomb in turn to a real worker: its peak, and that it is the same process that answers afterwards."""
    with running(home) as service:
        (worker,) = map(str, service.workers())
        service.score()
        before, _ = memory(worker)
        with httpx.Client(trust_env=False, timeout=60) as client:
            for name, bomb in (BOMBS | LARGEST).items():
                forget_peak(worker)
                headers = {"content-type": bomb.kind, **bomb.headers}
                answer = client.post(service.url + bomb.path, content=bomb.make(), headers=headers)
                assert answer.status_code == bomb.status, name
                assert memory(worker)[1] - before < GROWTH, name
        assert service.score().status_code == 200
        assert list(map(str, service.workers())) == [worker]
