"""Checks run in a thread that outlives their failures, and a file's stamp shows that it was written anew."""

import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from serving.runtime import poller
from serving.runtime.poller import MOST_ATTEMPTS, Poller, when_changed
from tests.serving.running import eventually


def test_checks_outlive_a_failure_and_end_with_the_block() -> None:
    """A check that fails is logged, the others go on; after the block no thread is left."""
    events, done, twice = [], [], threading.Event()

    def fail() -> None:
        raise RuntimeError("no")

    def work() -> None:
        done.append(1)
        if len(done) >= 2:
            twice.set()

    before = threading.active_count()
    with Poller(0.01, lambda **fields: events.append(fields), fail, work, stop_seconds=60):
        assert twice.wait(60)
    assert threading.active_count() <= before  # a thread of another test may end meanwhile
    assert events[0] == {"event": "round failed", "fault": "RuntimeError", "reason": "no"}


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that a poller sees: it stands still until a test moves it on, however slow the machine is."""
    seconds = [0.0]
    monkeypatch.setattr(poller, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
    return seconds


def test_a_check_that_hangs_stops_nothing(now: list[float]) -> None:
    """Others run on, it is tried again beside the attempt that hangs, and the end does not wait for it."""
    go, done, attempts, lines = threading.Event(), [], [], []

    def hang() -> bool:
        attempts.append(len(attempts))
        if attempts[-1] in (0, 1):
            go.wait(600)
        return attempts[-1] == 3

    checks = Poller(
        0.01,
        lambda **line: lines.append(line),
        hang,
        lambda: done.append(1),
        stall_seconds=30,
        stop_seconds=0.1,
    )
    try:
        with checks:
            eventually(lambda: done and attempts, "both were tried")
            assert not checks.stalled()
            for seconds, number in ((31, 2), (62, 4)):
                now[0] = seconds
                eventually(lambda least=number: len(attempts) >= least, "it is tried again")
            before = len(done)
            eventually(lambda: len(done) > before + 3, "the other one runs on")
            eventually(lambda: not checks.stalled(), "the fourth attempt acted")
            assert lines == [{"event": "check hangs", "seconds": 30}]
    finally:
        go.set()


def test_a_hanging_check_is_not_tried_for_ever() -> None:
    """Each attempt holds a thread."""
    go, attempts, rounds = threading.Event(), [], []

    def hang() -> None:
        attempts.append(1)
        go.wait(600)

    try:
        with Poller(0.01, lambda **_: None, hang, lambda: rounds.append(1), stall_seconds=0.0, stop_seconds=0.0):
            eventually(lambda: len(attempts) >= MOST_ATTEMPTS, "it is tried again")
            before = len(rounds)
            eventually(lambda: len(rounds) > before + 2 * MOST_ATTEMPTS, "there were more rounds")
    finally:
        go.set()
    assert len(attempts) == MOST_ATTEMPTS


def test_a_change_of_a_file_is_noticed_once(tmp_path: Path) -> None:
    """The first check acts, and then another time, another inode, another size and a deletion do, each once."""
    file, other, acted = tmp_path / "file", tmp_path / "other", []
    check = when_changed(lambda: not acted.append(1), file)

    def acts() -> bool:
        before = len(acted)
        check()
        return len(acted) > before

    assert (acts(), acts()) == (True, False)  # there is no file
    for text, stamp in (("one", 1), ("one", 2), ("longer", 2)):
        file.write_text(text)
        os.utime(file, ns=(stamp, stamp))
        assert (acts(), acts()) == (True, False), (text, stamp)
    other.write_text("longer")
    os.utime(other, ns=(2, 2))
    other.replace(file)
    assert (acts(), acts()) == (True, False)
    file.unlink()
    assert (acts(), acts()) == (True, False)


def test_what_could_not_be_read_is_read_again_after_a_pause(now: list[float]) -> None:
    """Until it could be, though no file changes; each check says whether it was read."""
    outcomes = [False, False, True]
    check = when_changed(lambda: outcomes.pop(0))
    for seconds, was_read, left in ((0, False, 2), (9, False, 2), (1, False, 1), (10, True, 0), (99, False, 0)):
        now[0] += seconds
        assert (check(), len(outcomes)) == (was_read, left)
