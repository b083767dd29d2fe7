"""Settings of the event store, a section of `regulars.toml`."""

import re
from dataclasses import dataclass

from features.errors import InvalidArgumentError

MOST_BUCKETS = 256
"""As many files are open at once while a log is read."""


@dataclass(frozen=True)
class StoreSettings:
    """How an event store is built.

    Attributes
    ----------
    timezone : str
        The business time zone: of times without an offset, and of days.
    memory_limit : str
        The memory for the search for duplicates before it spills to disk, such as 500MB.
    threads : int
        Threads for the search for duplicates. With 1, reading and checking run in one thread too.
    generations : int
        How many generations a store keeps, the present one among them.
    buckets : int
        How many buckets a new store divides its customers into, by a hash of their ids. Memory holds the events of one
        bucket at a time, and additions rewrite only the buckets that they touch. A store keeps its number.
    """

    timezone: str = "UTC"
    memory_limit: str = "1GB"
    threads: int = 2
    generations: int = 3
    buckets: int = 1

    def __post_init__(self) -> None:
        from features.timezones import business_timezone  # NumPy, which a look at the settings does not need

        business_timezone(self.timezone)
        if not re.fullmatch(r"\d+(\.\d+)? ?([KMGT]i?)?B", self.memory_limit, re.IGNORECASE):
            raise InvalidArgumentError(
                f"memory_limit is {self.memory_limit!r}: expected a size such as '1GB' or '800MB'"
            )
        if self.threads < 1:
            raise InvalidArgumentError(f"threads is {self.threads}: expected 1 or more")
        if not 1 <= self.generations <= 1000:
            raise InvalidArgumentError(f"generations is {self.generations}: expected 1 to 1000")
        if not 1 <= self.buckets <= MOST_BUCKETS:
            raise InvalidArgumentError(f"buckets is {self.buckets}: expected 1 to {MOST_BUCKETS}")
