"""Writes the log as one JSON object a line, also for libraries; never an event, a customer's id or a key."""

import logging
import os
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

LogEvent = Callable[..., None]


class JsonLog(logging.Handler):
    """A handler that writes each record in one write, so that the lines of several workers do not mix.

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
        self._logger = logging.Logger("regulars", logging.INFO)
        self._logger.addHandler(self)
        self.lost = 0

    def log_event(self, **fields: object) -> None:
        """Write a line with these fields."""
        self._logger.handle(logging.LogRecord("regulars", logging.INFO, "", 0, fields, None, None))

    def capture_libraries(self) -> None:
        """Have the lines of all other loggers, and warnings, written here."""
        logging.captureWarnings(True)
        for logger in [*logging.root.manager.loggerDict.values(), logging.root]:
            if isinstance(logger, logging.Logger):
                logger.handlers.clear()
                logger.propagate = True
        logging.root.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, with the time in UTC and the process id of this worker first."""
        fields: Any = record.msg
        if not isinstance(fields, dict):
            fields = {"logger": record.name, "level": record.levelname.lower(), "message": record.getMessage()}
            if record.exc_info and record.exc_info[1]:
                fields |= fault_fields(record.exc_info[1])
        try:
            os.write(self._descriptor, self._encode({"time": self._clock(), "worker": os.getpid()} | fields) + b"\n")
        except OSError:
            self.lost += 1


def fault_fields(error: BaseException) -> dict[str, object]:
    """Return the type of an error and where it occurred, without its message, which may quote a customer's data."""
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    return {"fault": type(error).__name__, "at": places}
