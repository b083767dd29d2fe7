"""Runs checks every few seconds in a thread beside the requests."""

import threading
from collections.abc import Callable
from pathlib import Path

from serving.runtime.json_log import LogEvent

Check = Callable[[], None]


class Poller:
    """Runs each check every few seconds, in a thread that a failing check does not end.

    Parameters
    ----------
    seconds : float
        Pause between two rounds of checks.
    log_event : callable
        Receives the failures.
    *checks : callable
        Called without arguments, one after the other.
    """

    def __init__(self, seconds: float, log_event: LogEvent, *checks: Check) -> None:
        self._seconds, self._log_event, self._checks = seconds, log_event, checks
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Stop; returns when the running check is done, so a version that is being loaded goes into service."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            for check in self._checks:
                try:
                    check()
                except Exception as error:
                    self._log_event(event="round failed", fault=type(error).__name__, reason=str(error))
            if self._stopped.wait(self._seconds):
                return


def when_changed(path: Path, action: Check) -> Check:
    """Return a check that calls `action` the first time, and whenever the file was rewritten since the last check."""
    last: object = ()

    def check() -> None:
        nonlocal last
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
        except OSError:
            stamp = None
        if stamp != last:
            last = stamp
            action()

    return check
