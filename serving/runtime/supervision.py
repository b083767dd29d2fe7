"""Ends the service when its workers cannot start, and its workers when the first process is gone.

BentoML starts a worker that ended again and again, with the port bound and nobody who answers. Workers therefore say
through a pipe when they are ready, or why they cannot be, and the first process stops when none is and none can be.
"""

import ctypes
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping

import psutil

from serving.bento import WORKER_MODULE
from serving.runtime.json_log import LogEvent

VARIABLE = "REGULARS_FIRST_PROCESS"
"""Holds the process id of the first process and the descriptor of its pipe, for workers."""
ENDED = "worker processes end at their start; the lines above may say why"
SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


class Supervisor:
    """Follows the workers from the first process.

    Parameters
    ----------
    log_event : callable
        Receives failures of a worker beside which others serve.
    stop : callable, optional
        Ends the service; by default SIGTERM to this process.

    Attributes
    ----------
    failure : str or None
        Why the service was ended; None if it was not, or by others.
    """

    def __init__(self, log_event: LogEvent, stop: Callable[[], None] | None = None) -> None:
        self.failure: str | None = None
        self._log_event, self._stop = log_event, stop or (lambda: os.kill(os.getpid(), signal.SIGTERM))
        self._ready: set[int] = set()
        self._starting: dict[int, bool] = {}
        """Workers that are not ready yet, and whether they replace one that never was."""
        self._ended = False

    def start(self) -> None:
        """Follow the workers, which are started after this, in a thread."""
        reading, writing = os.pipe()
        os.set_inheritable(writing, True)
        os.environ[VARIABLE] = f"{os.getpid()} {writing}"
        threading.Thread(target=self._run, args=(reading,), name="supervisor", daemon=True).start()

    def _run(self, pipe: int) -> None:
        while self.failure is None:
            seconds = 5.0 if self._ready else 0.3  # looking at all processes takes some time
            if select.select([pipe], [], [], seconds)[0]:
                for line in os.read(pipe, 65536).decode().splitlines():
                    self.hear(line)
            else:
                self.look(_workers())

    def hear(self, line: str) -> None:
        """Take a report of a worker: its process id, and why it cannot start; nothing if it is ready."""
        process, _, reason = line.partition(" ")
        self._starting.pop(int(process), None)
        if not reason:
            self._ready.add(int(process))
        elif self._ready & _workers():
            self._log_event(event="worker failed", reason=reason)
        else:
            self._fail(reason)

    def look(self, alive: set[int]) -> None:
        """Note which workers are alive; one that ended without a report may have been stopped, two in a row not."""
        self._ready &= alive
        for process in [process for process in self._starting if process not in alive]:
            if self._starting.pop(process) and not self._ready:
                self._fail(ENDED)
            self._ended = True
        for process in alive - self._ready - self._starting.keys():
            self._starting[process] = self._ended
        if self._ready:
            self._ended = False

    def _fail(self, reason: str) -> None:
        if self.failure is None:
            self.failure = reason
            self._stop()


def _workers() -> set[int]:
    """Return the process ids of the workers that are alive."""
    processes = set()
    for child in psutil.Process().children():
        try:
            if child.status() != psutil.STATUS_ZOMBIE and WORKER_MODULE in child.cmdline():
                processes.add(child.pid)
        except psutil.Error:  # it has just ended
            continue
    return processes


def report(reason: str = "") -> None:
    """Tell the first process that this worker is ready, or the reason why it cannot start."""
    _, _, pipe = os.environ.get(VARIABLE, "").partition(" ")
    if pipe:
        os.write(int(pipe), f"{os.getpid()} {' '.join(reason.split())}".strip().encode()[:4000] + b"\n")


def reason_of(error: Exception) -> str:
    """Return in one line what an error says and where it occurred."""
    places = traceback.extract_tb(error.__traceback__)
    place = f" (at {places[-1].filename}:{places[-1].lineno})" if places else ""
    return f"a worker cannot start: {type(error).__name__}: {error}{place}"


def first_process_of(environment: Mapping[str, str]) -> int | None:
    """Return the process id of the first process of the service whose processes have this environment, else None."""
    first, _, _ = environment.get(VARIABLE, "").partition(" ")
    return int(first) if first.isdecimal() else None


def end_with_first_process() -> None:
    """Have this worker end, as by SIGTERM, when the first process does, however that ends."""
    first = first_process_of(os.environ)
    if first is None:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    if os.getppid() != first:
        raise SystemExit("the first process of the service has ended")
