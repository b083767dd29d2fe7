"""Takes turns between works in threads, in the order in which they asked, and stops those whose client has left."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SLICE_SECONDS = 0.05
"""A work gives way to those that wait when its turn has lasted so long."""


class AbandonedError(Exception):
    """The client of a work has left."""


class Work:
    """What one request has a thread do; between its chunks it calls `checkpoint`."""

    def __init__(self) -> None:
        self.left, self.wake = False, threading.Event()

    def abandon(self) -> None:
        """Stop it at the next checkpoint, or at once while it waits for a turn."""
        self.left = True
        self.wake.set()


class Turns:
    """A lock that goes to whoever has waited longest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Work] = deque()
        self._holder: Work | None = None
        self._began = 0.0

    @contextmanager
    def turn(self, work: Work) -> Iterator[None]:
        """Wait for a turn, and hold it in the block; raises AbandonedError when the client leaves while it waits."""
        self.acquire(work)
        try:
            yield
        finally:
            self.release(work)

    def give_way(self, work: Work) -> None:
        """Let those that wait go first, if the turn has lasted long enough; raises AbandonedError as `turn` does."""
        if self._waiting and time.monotonic() - self._began > SLICE_SECONDS:
            self.release(work)
            self.acquire(work)

    def acquire(self, work: Work) -> None:
        """Wait for a turn; raises AbandonedError when the client leaves while it waits."""
        with self._lock:
            if self._holder is None:
                self._hand_to(work)
            else:
                self._waiting.append(work)
        while True:
            with self._lock:
                if work.left and work in self._waiting:
                    self._waiting.remove(work)
                    raise AbandonedError
                if self._holder is work:
                    return
                work.wake.clear()
            work.wake.wait()

    def release(self, work: Work) -> None:
        """Give up the turn, if the work holds it."""
        with self._lock:
            if self._holder is work:  # it does not after it left while it waited
                self._holder = None
                if self._waiting:
                    self._hand_to(self._waiting.popleft())

    def _hand_to(self, work: Work) -> None:
        self._holder, self._began = work, time.monotonic()
        work.wake.set()


_current: ContextVar[tuple[Turns, Work] | None] = ContextVar("current_work", default=None)


@contextmanager
def working(turns: Turns, work: Work) -> Iterator[None]:
    """Hold a turn in the block, in which `checkpoint` gives way and stops an abandoned work."""
    with turns.turn(work):
        token = _current.set((turns, work))
        try:
            yield
        finally:
            _current.reset(token)


@contextmanager
def outside_turn() -> Iterator[None]:
    """Let others have their turn during the block, which waits for something outside of this process.

    Raises AbandonedError at its end if the client has left; outside of `working` it does nothing.
    """
    if not (current := _current.get()):
        yield
        return
    turns, work = current
    turns.release(work)
    try:
        yield
    finally:
        turns.acquire(work)


def checkpoint() -> None:
    """Let other requests have their turn, and raise AbandonedError if the client has left.

    To be called between the chunks of a long work; outside of `working` it does nothing.
    """
    if current := _current.get():
        turns, work = current
        if work.left:
            raise AbandonedError
        turns.give_way(work)
