"""Runs checks every few seconds in threads beside the requests."""

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from serving.runtime.json_log import LogEvent

Check = Callable[[], object]
AGAIN_SECONDS = 10.0
"""The pause before what could not be read is read again, though nothing was rewritten."""
MOST_ATTEMPTS = 4
"""Attempts of one check that may hang at once, as on a network folder that does not answer."""


class _Attempt(NamedTuple):
    thread: threading.Thread
    began: float


class Poller:
    """Runs each check every few seconds, in a thread of its own, so that one that fails or hangs stops nothing else.

    A check that hangs is tried again beside the attempt that hangs. An attempt is forgotten when a later one returned
    true, which says that it has done what there was to do.

    Parameters
    ----------
    seconds : float
        Pause between two rounds of checks.
    log_event : callable
        Receives the failures.
    *checks : callable
        Called without arguments; each returns true where it acted on a change.
    stall_seconds : float
        Seconds after which a check counts as hanging.
    stop_seconds : float
        Seconds to wait for running checks at the end; a check that hangs is left behind.
    """

    def __init__(
        self,
        seconds: float,
        log_event: LogEvent,
        *checks: Check,
        stall_seconds: float = 30.0,
        stop_seconds: float = 3.0,
    ) -> None:
        self._seconds, self._log_event = seconds, log_event
        self._stall_seconds, self._stop_seconds = stall_seconds, stop_seconds
        self._attempts: dict[Check, list[_Attempt]] = {check: [] for check in checks}
        self._lock, self._stopped, self._reported = threading.Lock(), threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Stop, and wait a moment for the running checks."""
        self._stopped.set()
        self._thread.join()
        until = time.monotonic() + self._stop_seconds
        with self._lock:
            running = [attempt.thread for attempts in self._attempts.values() for attempt in attempts]
        for thread in running:
            thread.join(max(0.0, until - time.monotonic()))

    def stalled(self) -> bool:
        """Return whether a check hangs."""
        with self._lock:
            return any(self._hangs(attempt) for attempts in self._attempts.values() for attempt in attempts)

    def _hangs(self, attempt: _Attempt) -> bool:
        return time.monotonic() - attempt.began > self._stall_seconds

    def _run(self) -> None:
        while True:
            for check in self._attempts:
                self._start(check)
            stalled = self.stalled()
            if stalled and not self._reported:
                self._log_event(event="check hangs", seconds=self._stall_seconds)
            self._reported = stalled
            if self._stopped.wait(self._seconds):
                return

    def _start(self, check: Check) -> None:
        with self._lock:
            attempts = self._attempts[check]
            if attempts and (len(attempts) >= MOST_ATTEMPTS or not self._hangs(attempts[-1])):
                return
            thread = threading.Thread(target=self._attempt, args=(check,), name="check", daemon=True)
            attempts.append(_Attempt(thread, time.monotonic()))
            thread.start()

    def _attempt(self, check: Check) -> None:
        acted: object = False
        try:
            acted = check()
        except Exception as error:
            self._log_event(event="round failed", fault=type(error).__name__, reason=str(error))
        with self._lock:
            attempts = self._attempts[check]
            threads = [attempt.thread for attempt in attempts]
            if threading.current_thread() in threads:  # else a later attempt has acted
                position = threads.index(threading.current_thread())
                del attempts[0 if acted else position : position + 1]


def when_changed(action: Callable[[], bool], *paths: Path) -> Callable[[], bool]:
    """Return a check that calls `action` the first time, and whenever a file was rewritten since the last check.

    The action returns whether it could read all that it needed: else it is called again after `AGAIN_SECONDS`, since a
    disk or a network folder that fails may be back without a change. The check returns the same, and false without a
    call.
    """
    last: object = None
    again = math.inf

    def check() -> bool:
        nonlocal last, again
        stamps = [_stamp(path) for path in paths]
        if stamps == last and time.monotonic() < again:
            return False
        last, again = stamps, math.inf
        was_read = action()
        again = math.inf if was_read else time.monotonic() + AGAIN_SECONDS
        return was_read

    return check


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file is rewritten; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
