"""Erases customers from a folder of jobs: a job whose body or result names one is removed, whatever its state."""

from pathlib import Path

from features.erasure.id_patterns import IdPattern
from features.erasure.id_search import files_in, names_customer
from serving.api.parameters import Clock
from serving.jobs.job_store import JobLimits, JobStore


def erase_from_jobs(folder: Path, pattern: IdPattern, clock: Clock) -> list[str]:
    """Remove the jobs that name customers, and return their ids.

    Bodies come in any form that a client chose, and a result that lacks a customer would not be what was asked for: who
    needs the job's other customers submits them again. A job that runs is cancelled first.

    Parameters
    ----------
    folder : Path
        The folder of jobs, also that of a service that runs.
    pattern : IdPattern
    clock : callable
        Returns the present time.

    Raises
    ------
    OSError
        When a job cannot be read.
    """
    store, removed = JobStore(folder, JobLimits(), clock), []
    for job in store.folders():
        if any(_names(file, pattern) for file in files_in([job])) and store.discard(job):
            removed.append(job.name)
    return sorted(removed)


def _names(file: Path, pattern: IdPattern) -> bool:
    try:
        return names_customer(file, pattern)
    except FileNotFoundError:  # a worker has finished the job, or somebody removed it
        return False
