"""Works take turns, none waits for the end of another, and one whose client has left ends."""

import threading
import time
from collections.abc import Callable

import pytest

from serving.api import turns
from serving.api.turns import AbandonedError, Turns, Work, checkpoint, outside_turn, working
from tests.serving.running import eventually


def in_thread(call: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread


@pytest.fixture(autouse=True)
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that each checkpoint gives way."""
    monkeypatch.setattr(turns, "SLICE_SECONDS", 0.0)


def test_a_small_work_waits_for_one_chunk_of_a_large_one() -> None:
    """They alternate while both run, in the order in which they came, and one alone runs at a time."""
    line, done, started, others = Turns(), [], threading.Event(), threading.Event()

    def work(name: str, chunks: int) -> None:
        with working(line, Work()):
            started.set()
            for chunk in range(chunks):
                if (name, chunk) == ("large", 3):
                    assert others.wait(60)
                done.append(name)
                time.sleep(0.02)
                checkpoint()

    large = in_thread(lambda: work("large", 40))
    assert started.wait(60)
    small = [in_thread(lambda name=name: work(name, 2)) for name in ("one", "two")]
    eventually(lambda: len(line._waiting) == 2, "both wait")
    others.set()
    for thread in (large, *small):
        thread.join(60)
    assert done.count("large") == 40
    for name in ("one", "two"):
        first, last = (position for position, each in enumerate(done) if each == name)
        assert last - first <= 3  # a chunk of the large and of the other small one between
    assert done.index("one") <= 5  # after the chunk in which it came, and perhaps the other small one


def test_a_work_that_waits_for_something_else_lets_others_run() -> None:
    """Another one has the turn meanwhile; the first has it again before it goes on, and learns that its client left."""
    line, outside, done = Turns(), threading.Event(), threading.Event()
    first, errors, held = Work(), [], []

    def waits() -> None:
        try:
            with working(line, first):
                with outside_turn():
                    outside.set()
                    done.wait(60)
                held.append(line._holder is first)
                with outside_turn():
                    first.abandon()
        except AbandonedError as error:
            errors.append(error)

    thread = in_thread(waits)
    assert outside.wait(60)
    with working(line, Work()):
        done.set()
        time.sleep(0.05)
        assert held == []
    thread.join(60)
    assert held == [True]
    assert line._holder is None
    assert errors == []  # nobody held the turn, so it was had at once, and there was no checkpoint
    with outside_turn():
        assert line._holder is None


def test_an_abandoned_work_ends_at_its_next_checkpoint() -> None:
    """The turn goes to the next; outside of a work a checkpoint does nothing."""
    line, one, chunks = Turns(), Work(), []
    checkpoint()

    def work() -> None:
        with working(line, one):
            for chunk in range(3):
                chunks.append(chunk)
                if chunk == 1:
                    one.abandon()
                checkpoint()

    with pytest.raises(AbandonedError):
        work()
    assert chunks == [0, 1]
    with working(line, Work()):
        checkpoint()


@pytest.mark.parametrize("early", [True, False])
def test_who_leaves_while_waiting_never_starts(early: bool) -> None:
    """Whether it left before it waited or while it did; the turn is lost for nobody."""
    line, gone, ended = Turns(), Work(), threading.Event()

    def wait() -> None:
        try:
            with working(line, gone):
                raise AssertionError("it started")
        except AbandonedError:
            ended.set()

    with working(line, Work()):
        if early:
            gone.abandon()
        thread = in_thread(wait)
        if not early:
            eventually(lambda: gone in line._waiting, "it waits")
            gone.abandon()
        assert ended.wait(60)
    thread.join(60)
    with working(line, Work()):
        pass
