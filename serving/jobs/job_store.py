"""The folder of jobs, which all workers share: each job is a folder of its own."""

import fcntl
import os
import re
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, get_args

import msgspec

from features.atomic_file import fsync_path
from features.scratch_folders import lock_folder, remove_leftovers, scratch_folder
from serving.api.parameters import Clock
from serving.api.problem_details import ProblemError
from serving.job_types import JobState
from serving.jobs.job_folder import (
    BODY,
    CANCELLED,
    FACTS,
    ClaimedJob,
    JobFacts,
    JobStatus,
    Outcome,
    is_locked,
    read_file,
    read_outcome,
    read_progress,
    result_name,
    write_whole,
)

JOB_ID = re.compile(r"[0-9a-f]{32}")
SCRATCH = ".job-"
"""Prefix of folders of jobs that are being added or removed."""
RETRY_AFTER_SECONDS = 30
"""When to try again where there is no place for a job."""
STOP_SECONDS = 2.0
"""How long a removal waits for the worker of a cancelled job to stop."""


@dataclass(frozen=True)
class JobLimits:
    """How much the folder may hold.

    Attributes
    ----------
    jobs : int
        Number of jobs, ended ones included.
    folder_bytes : int
        Bytes of their bodies and results above which no job is taken.
    seconds : float
        How long an ended job is kept.
    """

    jobs: int = 100
    folder_bytes: int = 4_000_000_000
    seconds: float = 86_400.0


class JobStore:
    """The jobs of a folder.

    Every method may raise OSError where the folder cannot be used.

    Parameters
    ----------
    folder : Path
        Made if it is missing; on one machine, as file locks do not reach over networks everywhere.
    limits : JobLimits
    clock : callable
        Returns the present time.
    """

    def __init__(self, folder: Path, limits: JobLimits, clock: Clock) -> None:
        self._folder, self._clock, self.limits = folder, clock, limits

    def submit(self, facts: JobFacts, body: bytes) -> JobFacts:
        """Add a job, and return its facts; those of the job that has its id already, if one does.

        Raises a 503 problem when the folder holds as many jobs or bytes as it may.
        """
        with scratch_folder(self._folder, SCRATCH) as made:
            write_whole(made / FACTS, msgspec.json.encode(facts))
            write_whole(made / BODY, body)
            with self._locked():
                if existing := self.find(facts.job_id):
                    return existing
                self.refuse_when_full(len(body))
                made.rename(self._folder / facts.job_id)
                fsync_path(self._folder)
        return facts

    def refuse_when_full(self, more_bytes: int = 0) -> None:
        """Raise a 503 problem if there is no place for one more job with a body of this size."""
        folders = self.folders()
        if len(folders) >= self.limits.jobs:
            raise _full(f"{len(folders)} jobs are kept, expected {self.limits.jobs} at most")
        size = more_bytes
        for folder in folders:
            with suppress(FileNotFoundError):  # it is being removed
                size += sum(file.stat().st_size for file in folder.iterdir())
        if size > self.limits.folder_bytes:
            raise _full(f"jobs would have {size} bytes, expected {self.limits.folder_bytes} at most")

    def find(self, job_id: str) -> JobFacts | None:
        """Return the facts of a job; None if there is no such job."""
        return read_file(self._folder / job_id / FACTS, JobFacts)

    def status(self, facts: JobFacts) -> JobStatus:
        """Return where a job stands."""
        folder = self._folder / facts.job_id
        outcome = read_outcome(folder)
        state: JobState = outcome.state if outcome else "running" if is_locked(folder) else "queued"
        return JobStatus(facts, state, read_progress(folder), outcome)

    def all(self) -> list[JobFacts]:
        """Return the jobs, those submitted first in front."""
        return self._in_order(self.folders())

    def claim(self) -> ClaimedJob | None:
        """Return the job that has waited longest and that no other worker runs, locked; None if there is none.

        One that is postponed is left out until its time.
        """
        for facts in self._in_order(folder for folder in self.folders() if (folder / BODY).exists()):
            folder = self._folder / facts.job_id
            try:
                lock = lock_folder(folder)
            except (BlockingIOError, FileNotFoundError):
                continue
            claimed = None
            try:
                with suppress(FileNotFoundError):  # cancelled or removed in between
                    if not read_outcome(folder):
                        job = ClaimedJob(facts, folder, lock, self._clock)
                        until = job.progress.postponed_until
                        claimed = None if until and until > self._clock() else job
            finally:
                if claimed is None:
                    os.close(lock)
            if claimed:
                return claimed
        return None

    def cancel(self, facts: JobFacts) -> bool:
        """Cancel a job, or remove one that has ended, or that cannot be marked; return whether it was removed."""
        folder = self._folder / facts.job_id
        if read_outcome(folder):
            return self._remove(folder)
        outcome = Outcome("cancelled", self._clock(), read_progress(folder).scored)
        try:
            _mark_cancelled(folder, outcome)
        except FileNotFoundError:  # removed in between
            return True
        except OSError:
            if not self._remove(folder):  # on a full disk this alone makes room
                raise
            return True
        return False

    def discard(self, folder: Path) -> bool:
        """Remove a job whatever its state, after cancelling one that has not ended; return whether that was done."""
        with suppress(FileNotFoundError):  # removed in between
            if not read_outcome(folder):
                _mark_cancelled(folder, Outcome("cancelled", self._clock()))
        return self._remove(folder)

    def open_result(self, facts: JobFacts, media_type: str) -> BinaryIO:
        """Return the result of a job that is done, in a media type of its endpoint; it outlives the job's removal.

        Raises a 409 problem for a result that somebody else removed.
        """
        try:
            return (self._folder / facts.job_id / result_name(media_type)).open("rb")
        except FileNotFoundError:
            raise ProblemError("no-result", "the result of this job is gone; submit it again") from None

    def counts(self) -> dict[JobState, int]:
        """Return the number of jobs in each state."""
        states = Counter(self.status(facts).state for facts in self.all())
        return {state: states[state] for state in get_args(JobState)}

    def expire(self) -> None:
        """Remove the jobs that ended too long ago or that nobody can read, and what killed processes left.

        A job without readable facts counts in the bounds, and no request reaches it.
        """
        remove_leftovers(self._folder, SCRATCH)
        for folder in self.folders():
            with suppress(FileNotFoundError):  # removed in between
                changed_at = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
                outcome = read_outcome(folder)
                ended_at = outcome.ended_at if outcome else None if self.find(folder.name) else changed_at
                if ended_at and self._clock() - ended_at > timedelta(seconds=self.limits.seconds):
                    self._remove(folder)

    def _remove(self, folder: Path) -> bool:
        """Remove a job that no worker runs, after a moment for one that stops; return whether that was done."""
        until = time.monotonic() + STOP_SECONDS
        while True:
            try:
                lock = lock_folder(folder)
                break
            except FileNotFoundError:
                return True
            except BlockingIOError:
                if time.monotonic() > until:
                    return False
                time.sleep(0.05)
        aside = folder.with_name(f"{SCRATCH}{secrets.token_hex(4)}")
        try:
            with suppress(FileNotFoundError):
                folder.rename(aside)  # in one step for readers; what a kill leaves is removed as a leftover
                shutil.rmtree(aside, ignore_errors=True)
        finally:
            os.close(lock)
        return True

    def folders(self) -> list[Path]:
        """Return the folders of the jobs, in no order."""
        try:
            with os.scandir(self._folder) as entries:
                return [Path(entry.path) for entry in entries if JOB_ID.fullmatch(entry.name) and entry.is_dir()]
        except FileNotFoundError:
            return []

    def _in_order(self, folders: Iterable[Path]) -> list[JobFacts]:
        known = [facts for folder in folders if (facts := self.find(folder.name)) is not None]
        return sorted(known, key=lambda facts: (facts.submitted_at, facts.job_id))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _full(found: str) -> ProblemError:
    detail = f"{found}; delete jobs whose results you have, or try again later"
    return ProblemError("jobs-full", detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def check_folder(folder: Path) -> None:
    """Make a folder of jobs, and write to it, as a trial; raises OSError where that fails."""
    with scratch_folder(folder, SCRATCH) as trial:
        write_whole(trial / BODY, bytes(2**16))


def _mark_cancelled(folder: Path, outcome: Outcome) -> None:
    write_whole(folder / CANCELLED, msgspec.json.encode(outcome))
    (folder / BODY).unlink(missing_ok=True)
