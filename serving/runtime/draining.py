"""Lets readiness fall some time before the port closes, so that load balancers send nothing more."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from serving.state import CurrentState


@contextmanager
def drain_first(current: CurrentState, seconds: float) -> Iterator[None]:
    """Have SIGTERM stop the server only after some seconds, in which it answers as before but is not ready.

    To be entered in the event loop of the server, when its own handler of SIGTERM is in place. A second SIGTERM stops
    it at once; so does Ctrl-C.

    Parameters
    ----------
    current : CurrentState
        Its `draining` is set.
    seconds : float
        0 stops at once, as without this.
    """
    stop = signal.getsignal(signal.SIGTERM)
    if not seconds or not callable(stop) or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    def drain(number: int, frame: FrameType | None) -> None:
        if current.draining:
            stop(number, frame)
            return
        current.draining = True
        loop.call_soon_threadsafe(loop.call_later, seconds, stop, number, None)

    signal.signal(signal.SIGTERM, drain)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, stop)
