"""One line of JSON a request and for what happens to the service; never an event, a customer's id or a key."""

import os
import re
import secrets
from collections.abc import Callable
from datetime import datetime

import msgspec

GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")


def request_id(given: bytes | None) -> str:
    """Return the caller's own X-Request-ID where it is sane, else a new one of 16 hex digits."""
    return given.decode() if given and GIVEN_ID.fullmatch(given) else secrets.token_hex(8)


class Log:
    """Lines to a file descriptor, each in one write, so that those of several workers do not mix.

    A line that cannot be written (a full disk, a reader that left) is counted in `lost`, and never stops an answer.
    """

    def __init__(self, clock: Callable[[], datetime], descriptor: int = 1) -> None:
        self._clock = clock
        self._descriptor = descriptor
        self._encode = msgspec.json.Encoder().encode
        self.lost = 0

    def line(self, **said: object) -> None:
        """Write what is said, with the time in UTC and this worker's process id before it."""
        entry = {"time": self._clock(), "worker": os.getpid()} | said
        try:
            os.write(self._descriptor, self._encode(entry) + b"\n")
        except OSError:
            self.lost += 1
