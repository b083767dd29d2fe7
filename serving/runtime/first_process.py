"""What the first process of a service prepares for its workers, and takes away when it ends."""

import atexit
import os
import sys
from contextlib import ExitStack

from serving.clock import utc_now
from serving.runtime.json_log import JsonLog
from serving.runtime.metrics_files import VARIABLE, metrics_folder
from serving.runtime.supervision import Supervisor

SUPERVISOR = Supervisor(JsonLog(utc_now).log_event)


def prepare_workers(workers: int) -> None:
    """Make the folder of metrics and follow the workers, which are started after this; to be called once."""
    stack = ExitStack()
    os.environ[VARIABLE] = str(stack.enter_context(metrics_folder(workers)) or "")
    SUPERVISOR.start()
    atexit.register(_exit_with_failure)
    atexit.register(stack.close)


def take_failure() -> str | None:
    """Return why the workers could not start, once; None if they could."""
    failure, SUPERVISOR.failure = SUPERVISOR.failure, None
    return failure


def _exit_with_failure() -> None:
    """End with status 1 where the caller, as `bentoml serve`, does not know of the failure."""
    if failure := take_failure():
        print(f"error: {failure}", file=sys.stderr, flush=True)
        os._exit(1)
