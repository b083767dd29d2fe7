"""Looking now and then at what may have changed, in a thread beside the requests."""

import threading
from collections.abc import Callable
from pathlib import Path

Said = Callable[..., None]
Stamp = tuple[int, int, int] | None


class Rounds:
    """Does some things every few seconds in a thread of its own, which outlives their faults."""

    def __init__(self, seconds: float, say: Said, *tasks: Callable[[], None]) -> None:
        self._seconds, self._say, self._tasks = seconds, say, tasks
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rounds", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Stop; returns when what is being done is done, a version that is loaded taken over."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            for task in self._tasks:
                try:
                    task()
                except Exception as error:
                    self._say(event="round failed", fault=type(error).__name__, reason=str(error))
            if self._stopped.wait(self._seconds):
                return


def stamp(path: Path) -> Stamp:
    """Return what changes when the file is written anew; None when it cannot be read."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
