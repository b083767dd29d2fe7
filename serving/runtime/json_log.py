"""Writes the log as one JSON object a line, also for libraries; never an event, a customer's id or a key."""

import logging
import os
import traceback
from collections.abc import Callable
from datetime import datetime

import msgspec

LogEvent = Callable[..., None]


class JsonLog(logging.Handler):
    """Writes each line in one write, so that the lines of several workers do not mix; also a handler for `logging`.

    Parameters
    ----------
    clock : callable
        Returns the present time in UTC.
    descriptor : int
        File descriptor to write to; standard output by default.

    Attributes
    ----------
    lost : int
        Lines that could not be written, as on a full disk; they never stop a response.
    """

    def __init__(self, clock: Callable[[], datetime], descriptor: int = 1) -> None:
        super().__init__()
        self._clock, self._descriptor = clock, descriptor
        self._encode = msgspec.json.Encoder().encode
        self.lost = 0

    def log_event(self, **fields: object) -> None:
        """Write a line of these fields, with the time in UTC and the process id of this worker first."""
        try:
            os.write(self._descriptor, self._encode({"time": self._clock(), "worker": os.getpid()} | fields) + b"\n")
        except OSError:
            self.lost += 1

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of a library."""
        error = record.exc_info and record.exc_info[1]
        fields: dict[str, object] = fault_fields(error) if error else {}
        self.log_event(logger=record.name, level=record.levelname.lower(), message=record.getMessage(), **fields)

    def capture_libraries(self) -> None:
        """Have the lines of all other loggers, and warnings, written here."""
        logging.captureWarnings(True)
        for logger in [*logging.root.manager.loggerDict.values(), logging.root]:
            if isinstance(logger, logging.Logger):
                logger.handlers.clear()
                logger.propagate = True
        logging.root.addHandler(self)


def fault_fields(error: BaseException) -> dict[str, object]:
    """Return the type of an error and where it occurred, without its message, which may quote a customer's data."""
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    return {"fault": type(error).__name__, "at": places}
