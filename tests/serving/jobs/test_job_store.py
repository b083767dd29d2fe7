"""The folder of jobs keeps its bounds and gives each job to one worker, whoever does what at the same time."""

import errno
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.api.problem_details import ProblemError
from serving.jobs import job_store
from serving.jobs.job_folder import JobFacts, Outcome
from serving.jobs.job_store import SCRATCH, JobLimits, JobStore
from tests.serving.conftest import NOW

JSON = "application/json"


def facts(number: int, submitted_at: datetime = NOW) -> JobFacts:
    return JobFacts(f"{number:032x}", "score", JSON, str(number), submitted_at)


@pytest.fixture
def store(tmp_path: Path) -> JobStore:
    return JobStore(tmp_path / "jobs", JobLimits(), lambda: NOW)


def test_jobs_are_taken_in_the_order_of_submission(store: JobStore) -> None:
    """Each by one worker, which has its body; one that is running is nobody else's."""
    for number in (3, 1, 2):
        store.submit(facts(number, NOW + timedelta(seconds=number)), b"%d" % number)
    taken = [store.claim() for _ in range(4)]
    assert [job and job.begin() for job in taken] == [b"1", b"2", b"3", None]
    assert store.counts() == {"queued": 0, "running": 3, "done": 0, "failed": 0, "cancelled": 0}
    for job in taken[:3]:
        assert job
        job.finish(Outcome("done", NOW), {JSON: [b"{", b"}"]})
        job.release()
    assert store.claim() is None
    assert store.counts()["done"] == 3
    with store.open_result(facts(1), JSON) as file:
        assert file.read() == b"{}"


def test_a_job_of_a_killed_process_is_taken_once_more(store: JobStore, tmp_path: Path) -> None:
    """By one of several that look at once; the lock of the dead process is gone with it."""
    store.submit(facts(1), b"body")
    code = (
        "import sys, time; from pathlib import Path; from serving.clock import utc_now\n"
        "from serving.jobs.job_store import JobLimits, JobStore\n"
        "job = JobStore(Path(sys.argv[1]), JobLimits(), utc_now).claim(); job.begin(); print('has it', flush=True)\n"
        "time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "jobs")], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"has it\n"
        assert store.claim() is None
        os.kill(process.pid, signal.SIGKILL)
    found = []
    threads = [threading.Thread(target=lambda: found.append(store.claim())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (job,) = filter(None, found)
    assert (job.begin(), job.progress.attempt) == (b"body", 2)
    job.release()


def test_two_submissions_with_one_id_are_one_job(store: JobStore) -> None:
    """At once, from many threads: all get the facts of the first, and there is one job."""
    found: list[JobFacts] = []

    def submit(number: int) -> None:
        found.append(store.submit(JobFacts("a" * 32, "score", JSON, str(number), NOW), b"x"))

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({each.digest for each in found}) == len(store.all()) == 1


def test_the_bounds_hold_for_many_at_once(tmp_path: Path) -> None:
    """Of twelve submissions at once four find a place; bytes count too."""
    store = JobStore(tmp_path / "jobs", JobLimits(jobs=4, folder_bytes=10_000), lambda: NOW)
    refused: list[str] = []

    def submit(number: int) -> None:
        try:
            store.submit(facts(number), b"x")
        except ProblemError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(store.all()), len(refused)) == (4, 8)
    assert "4 at most" in refused[0]
    store.cancel(store.all()[0])
    assert store.cancel(store.all()[0])
    with pytest.raises(ProblemError, match="10000 at most"):
        store.submit(facts(99), bytes(10_000))
    store.submit(facts(99), b"x")
    assert not list((tmp_path / "jobs").glob(f"{SCRATCH}*"))


def test_ended_jobs_are_removed_in_time(tmp_path: Path) -> None:
    """Those that wait or run are not, however old they are; nor is anything else in the folder."""
    now = [NOW]
    store = JobStore(tmp_path / "jobs", JobLimits(seconds=3600), lambda: now[0])
    for number in range(3):
        store.submit(facts(number, NOW + timedelta(seconds=number)), b"x")
    done = store.claim()
    assert done
    assert done.begin()
    done.finish(Outcome("done", now[0]), {JSON: [b"{}"]})
    done.release()
    store.cancel(facts(1))
    (tmp_path / "jobs" / "note.txt").touch()
    now[0] += timedelta(hours=2)
    store.expire()
    assert [each.job_id for each in store.all()] == [facts(2).job_id]
    assert (tmp_path / "jobs" / "note.txt").exists()


def test_a_job_can_be_removed_where_nothing_can_be_written(store: JobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is one on which jobs must be able to go; one that runs stays, and that is said."""
    for number in (1, 2):
        store.submit(facts(number, NOW + timedelta(seconds=number)), b"x")

    def full(path: Path, *pieces: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(job_store, "write_whole", full)
    monkeypatch.setattr(job_store, "STOP_SECONDS", 0.1)
    running = store.claim()
    assert running
    with pytest.raises(OSError, match="No space"):
        store.cancel(facts(1))
    assert store.cancel(facts(2))
    assert [each.job_id for each in store.all()] == [facts(1).job_id]
    running.release()
    assert store.cancel(facts(1))


def test_what_is_no_job_of_this_service_is_left_alone(store: JobStore, tmp_path: Path) -> None:
    """A folder without facts, or with damaged ones, is no job and stops nothing."""
    for number, written in ((1, b""), (2, b"{"), (3, b'{"job_id": 7}')):
        folder = tmp_path / "jobs" / facts(number).job_id
        folder.mkdir(parents=True)
        (folder / "job.json").write_bytes(written)
    (tmp_path / "jobs" / ("b" * 32)).write_text("a file")
    store.submit(facts(9), b"x")
    assert [each.job_id for each in store.all()] == [facts(9).job_id]
    job = store.claim()
    assert job
    job.release()


def test_a_job_that_nobody_can_read_expires(tmp_path: Path) -> None:
    """A folder without readable facts counts in the bounds until its time is over; a job that waits stays."""
    now = [datetime.now(UTC)]
    store = JobStore(tmp_path / "jobs", JobLimits(jobs=3, seconds=3600), lambda: now[0])
    for number in range(3):
        store.submit(facts(number), b"x")
    (tmp_path / "jobs" / facts(0).job_id / "job.json").unlink()
    (tmp_path / "jobs" / facts(1).job_id / "job.json").write_text("{")
    store.expire()
    with pytest.raises(ProblemError, match="3 jobs are kept"):
        store.submit(facts(9), b"x")
    now[0] += timedelta(hours=2)
    store.expire()
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == [facts(2).job_id]
    store.submit(facts(9), b"x")


STEPS = st.lists(st.sampled_from(["submit", "claim", "finish", "die", "cancel", "expire"]), max_size=25)


@given(STEPS)
@settings(max_examples=40, deadline=None)
def test_a_job_is_done_once_whatever_happens(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    """No job is finished twice or lost; a cancelled one is never done; there are never more than three."""
    store = JobStore(tmp_path_factory.mktemp("law"), JobLimits(jobs=3), lambda: NOW)
    submitted, finished, held, cancelled = 0, [], [], set()
    for step in steps:
        if step == "submit":
            try:
                store.submit(facts(submitted, NOW + timedelta(seconds=submitted)), b"x")
                submitted += 1
            except ProblemError:
                assert len(store.all()) == 3
        elif step == "claim" and (job := store.claim()):
            assert job.facts.job_id not in [other.facts.job_id for other in held]
            job.begin()
            held.append(job)
        elif step in ("finish", "die") and held:
            job = held.pop(0)
            if step == "finish" and not job.is_cancelled():
                job.finish(Outcome("done", NOW), {JSON: [b"{}"]})
                finished.append(job.facts.job_id)
            job.release()
        elif step == "cancel" and (known := [each for each in store.all() if not store.status(each).outcome]):
            store.cancel(known[-1])
            cancelled.add(known[-1].job_id)
        elif step == "expire":
            store.expire()
        states = {each.job_id: store.status(each).state for each in store.all()}
        assert len(states) <= 3
        assert len(set(finished)) == len(finished)
        assert all(states[each] == "cancelled" for each in cancelled)
        assert all(states[each] == "done" for each in set(finished) - cancelled)
    for job in held:
        job.release()
