"""The folder of one job: its files, each written whole or not at all, and the lock of the worker that runs it.

The system releases the lock of a process however that ends, so a job without a lock and without an outcome is taken up
again, by one worker.
"""

import fcntl
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from features.atomic_file import fsync_path
from serving.api.parameters import Clock
from serving.job_types import JobEndpoint, JobState

FACTS, BODY, PROGRESS, OUTCOME, CANCELLED = "job.json", "body", "progress.json", "outcome.json", "cancelled.json"
ATTEMPTS = 3
"""Workers that may die with a job before it is given up: one that needs too much memory would kill every worker."""
T = TypeVar("T", bound=Struct)


class JobFacts(Struct, frozen=True):
    """What is known of a job when it is submitted; `digest` is that of the whole request, `key` the client's name."""

    job_id: str
    endpoint: JobEndpoint
    media_type: str
    digest: str
    submitted_at: datetime
    as_of: str | None = None
    horizon_days: int | None = None
    key: str | None = None


class Progress(Struct, frozen=True):
    """Which attempt runs, and how many customers it has scored of how many (0: not known yet).

    A postponed job has the time when it was postponed first, and that before which no worker takes it up.
    """

    attempt: int = 0
    scored: int = 0
    customers: int = 0
    postponed_since: datetime | None = None
    postponed_until: datetime | None = None


class Outcome(Struct, frozen=True):
    """How a job ended; a failed one has the kind, detail and faults of a problem."""

    state: Literal["done", "failed", "cancelled"]
    ended_at: datetime
    scored: int = 0
    kind: str = ""
    detail: str = ""
    faults: Sequence[tuple[str, str]] = ()
    model_version: str | None = None


class JobStatus(Struct, frozen=True):
    """Where a job stands."""

    facts: JobFacts
    state: JobState
    progress: Progress
    outcome: Outcome | None


class ClaimedJob:
    """A job that this process runs, locked until `release`; `body_bytes` is the size of its body."""

    def __init__(self, facts: JobFacts, folder: Path, lock: int, clock: Clock) -> None:
        self.facts, self._folder, self._lock, self._clock = facts, folder, lock, clock
        self.progress, self.body_bytes = read_progress(folder), (folder / BODY).stat().st_size

    def begin(self) -> bytes | None:
        """Count one more attempt, and return the body; None if it has had all of them, and failed, or is cancelled."""
        if self.progress.attempt >= ATTEMPTS:
            detail = f"{ATTEMPTS} worker processes ended while they scored this job; send fewer customers in a job"
            self.finish(Outcome("failed", self._clock(), kind="internal", detail=detail))
            return None
        since = self.progress.postponed_since
        self.progress = Progress(self.progress.attempt + 1, postponed_since=since)
        write_whole(self._folder / PROGRESS, msgspec.json.encode(self.progress))
        try:
            return (self._folder / BODY).read_bytes()
        except FileNotFoundError:
            return None

    def advance(self, scored: int, customers: int) -> None:
        """Note how far it is, as well as can be: this need not outlive a crash."""
        self.progress = replace(self.progress, scored=scored, customers=customers)
        part = self._folder / f"{PROGRESS}.part"
        with suppress(OSError):
            part.write_bytes(msgspec.json.encode(self.progress))
            part.replace(self._folder / PROGRESS)

    def is_cancelled(self) -> bool:
        """Return whether somebody has cancelled it."""
        return (self._folder / CANCELLED).exists()

    def give_back(self) -> None:
        """Have another worker run it: this one is about to stop, which is no fault of the job."""
        attempt, since = self.progress.attempt - 1, self.progress.postponed_since
        with suppress(OSError):
            write_whole(self._folder / PROGRESS, msgspec.json.encode(Progress(attempt, postponed_since=since)))

    def postpone(self, pause: timedelta, patience: timedelta) -> bool:
        """Have a worker take it up again after a pause; return false once it has been postponed for long enough.

        What it waits for is no fault of the job, so this attempt does not count. The times are those of the folder, and
        not of a worker: they hold for all workers, and outlive a restart.
        """
        now = self._clock()
        since = self.progress.postponed_since or now
        if now - since >= patience:
            return False
        later = Progress(self.progress.attempt - 1, postponed_since=since, postponed_until=now + pause)
        write_whole(self._folder / PROGRESS, msgspec.json.encode(later))
        return True

    def finish(self, outcome: Outcome, results: Mapping[str, Sequence[bytes]] | None = None) -> None:
        """Write the results by media type, then the outcome, and drop the body."""
        for media_type, pieces in (results or {}).items():
            write_whole(self._folder / result_name(media_type), *pieces)
        write_whole(self._folder / OUTCOME, msgspec.json.encode(outcome))
        (self._folder / BODY).unlink(missing_ok=True)

    def release(self) -> None:
        """Unlock it."""
        os.close(self._lock)


def write_whole(path: Path, *pieces: bytes) -> None:
    """Write a file in one step, as `atomic_write` does, but in a folder that must be there: jobs may be removed."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with part.open("wb") as file:
            file.writelines(pieces)
        fsync_path(part)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    fsync_path(path.parent)


def result_name(media_type: str) -> str:
    """Return the name of the file with a result in a media type."""
    return f"result.{media_type.rpartition('/')[2]}"


def read_file(path: Path, type_: type[T]) -> T | None:
    """Return the content of a file of a job; None if there is none, or not as this service writes it."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=type_)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None


def read_progress(folder: Path) -> Progress:
    """Return how far a job is."""
    return read_file(folder / PROGRESS, Progress) or Progress()


def read_outcome(folder: Path) -> Outcome | None:
    """Return how a job ended; None while it has not. Whoever cancelled it has the last word.

    One whose outcome is damaged has failed: it ended, and its body is gone.
    """
    if outcome := read_file(folder / CANCELLED, Outcome) or read_file(folder / OUTCOME, Outcome):
        return outcome
    try:
        ended_at = datetime.fromtimestamp((folder / OUTCOME).stat().st_mtime, UTC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Outcome("failed", ended_at, kind="internal", detail="how this job ended cannot be read; submit it again")


def is_locked(folder: Path) -> bool:
    """Return whether a worker runs the job."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
