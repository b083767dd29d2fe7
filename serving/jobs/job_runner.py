"""Runs the jobs of a folder in a worker, one at a time, in turn with the requests for scores."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from anyio import to_thread

from serving.api.body_budget import BodyBudget, HeldBody
from serving.api.content_negotiation import JSON
from serving.api.parameters import Clock
from serving.api.problem_details import ProblemError
from serving.api.responses import json_bytes, score_bodies
from serving.api.score_body_reader import ScoreBodyReader
from serving.api.score_endpoints import AnswerListener, LookUpListener
from serving.api.turns import AbandonedError
from serving.api.worker_thread import WorkerThread
from serving.jobs.job_folder import ClaimedJob, Outcome
from serving.jobs.job_store import JobStore
from serving.request_types import ScoringParameters
from serving.runtime.json_log import LogEvent, fault_fields
from serving.state import CurrentState, ServiceState

POLL_SECONDS = 0.5
"""Seconds between two looks for a job that another worker took in, or left."""
CANCEL_CHECK_SECONDS = 0.2
"""Seconds between two looks whether a job is cancelled."""
TROUBLE_SECONDS = 10.0
"""Seconds until the folder is tried again after it could not be used."""
SCORES_PAUSE = timedelta(seconds=5)
"""Time until a job tries again whether the database of the batch scores answers; other jobs go on meanwhile."""
SCORES_PATIENCE = timedelta(minutes=10)
"""Time after which a job fails for a database that does not answer: a restart or a failover takes less."""
EXPIRY_SECONDS = 60.0
PROGRESS_SECONDS = 0.25
"""Seconds between two notes of how far a job is."""
ROUTE = "/jobs"
Results = dict[str, list[bytes]]
"""The results of a job by media type, in pieces."""
Log = Callable[[], None]
"""Puts what a job scored into the forecast log."""


class JobRunner:
    """Takes jobs from the folder and scores them; several workers do so beside each other.

    Parameters
    ----------
    store : JobStore
    current : CurrentState
        A job is scored with the state at the time when it is taken up.
    bodies : ScoreBodyReader
        Reads the bodies of jobs as those of requests.
    budget : BodyBudget
        In which the body of a job counts while it runs.
    worker_thread : WorkerThread
        That of the requests for scores, with which jobs take turns.
    clock : callable
        Returns the present time.
    log_event : callable
        Receives a line for each job that ended, and for a folder that cannot be used.
    count : callable
        Receives the number of customers of each job that is done.
    answered, looked_up : callable, optional
        Receive what a job that is done scored, as `ScoreEndpoints` does, under `/jobs`.

    Attributes
    ----------
    trouble : str or None
        Why the folder cannot be used; None while it can.
    """

    def __init__(
        self,
        store: JobStore,
        current: CurrentState,
        bodies: ScoreBodyReader,
        budget: BodyBudget,
        worker_thread: WorkerThread,
        clock: Clock,
        log_event: LogEvent,
        count: Callable[[int], None],
        answered: AnswerListener | None = None,
        looked_up: LookUpListener | None = None,
    ) -> None:
        self._store, self._current, self._bodies, self._budget = store, current, bodies, budget
        self._worker_thread, self._clock, self._log_event, self._count = worker_thread, clock, log_event, count
        self._answered, self._looked_up = answered, looked_up
        self._wake, self._stopping = asyncio.Event(), False
        self._next_expiry = 0.0
        self.trouble: str | None = None

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def __aexit__(self, *_: object) -> None:
        """Stop: a job under way is given back at its next checkpoint."""
        self._stopping = True
        self._wake.set()
        await self._task

    def wake(self) -> None:
        """Look for a job now."""
        self._wake.set()

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            pause = 0.0 if await self.run_next() else TROUBLE_SECONDS if self.trouble else POLL_SECONDS
            if pause and not self._stopping:
                try:
                    await asyncio.wait_for(self._wake.wait(), pause)
                except TimeoutError:
                    continue

    async def run_next(self) -> bool:
        """Run the job whose turn it is; return whether there was one that could be run."""
        try:
            if time.monotonic() >= self._next_expiry:
                self._next_expiry = time.monotonic() + EXPIRY_SECONDS
                await to_thread.run_sync(self._store.expire)
            claimed = await to_thread.run_sync(self._store.claim)
            if claimed is None:
                self._note(None)
                return False
            try:
                with HeldBody(self._budget) as held:
                    held.grow_to(claimed.body_bytes)
                    await self._score(claimed)
            except ProblemError:  # no room beside the bodies of requests now
                return False
            except OSError:
                await to_thread.run_sync(claimed.give_back)
                raise
            finally:
                claimed.release()
            self._note(None)
        except OSError as error:
            self._note(f"the folder of jobs cannot be used: {error.strerror or type(error).__name__}")
            return False
        return True

    def _note(self, trouble: str | None) -> None:
        if trouble and trouble != self.trouble:
            self._log_event(event="jobs", reason=trouble)
        self.trouble = trouble

    async def _score(self, claimed: ClaimedJob) -> None:
        body = await to_thread.run_sync(claimed.begin)
        if body is None:
            return
        began, facts, results, log = time.monotonic(), claimed.facts, None, None
        state = self._current.state
        version = state.model.version if state.model else None

        def work() -> tuple[Results, Log | None]:
            return self._results(claimed, body, state)

        async def stopped() -> None:
            while not (self._stopping or await to_thread.run_sync(claimed.is_cancelled)):
                await asyncio.sleep(CANCEL_CHECK_SECONDS)

        try:
            results, log = await self._worker_thread.run_job(work, stopped, len(body))
            outcome = Outcome("done", self._clock(), claimed.progress.scored, model_version=version)
        except AbandonedError:
            if not await to_thread.run_sync(claimed.is_cancelled):
                await to_thread.run_sync(claimed.give_back)
            return
        except ProblemError as error:
            if error.kind == "scores-unreachable":
                if await to_thread.run_sync(claimed.postpone, SCORES_PAUSE, SCORES_PATIENCE):
                    return
                since = f"{claimed.progress.postponed_since:%Y-%m-%d %H:%M:%S} UTC"
                detail = f"the database of the batch scores has not answered any attempt since {since}"
                error = ProblemError(error.kind, f"{detail}: see that it runs, and submit the job again")
            faults = error.faults[: error.maximum_faults]
            outcome = Outcome("failed", self._clock(), kind=error.kind, detail=error.detail, faults=faults)
        except Exception as error:
            self._log_event(event="fault", job=facts.job_id, **fault_fields(error))
            detail = f"job {facts.job_id} met a fault of the service; its log says where"
            outcome = Outcome("failed", self._clock(), kind="internal", detail=detail)
        await to_thread.run_sync(claimed.finish, outcome, results)
        if outcome.state == "done":
            self._count(outcome.scored)
            if log is not None:
                await to_thread.run_sync(log)
        ms = round(1000 * (time.monotonic() - began), 3)
        told = {"customers": outcome.scored, "model_version": version, "key": facts.key}
        line = {name: value for name, value in told.items() if value}
        self._log_event(event="job", job=facts.job_id, endpoint=facts.endpoint, state=outcome.state, ms=ms, **line)

    def _results(self, claimed: ClaimedJob, body: bytes, state: ServiceState) -> tuple[Results, Log | None]:
        """Return the results and what logs them, if anything; raises a problem as the endpoint of the job would."""
        facts = claimed.facts
        if facts.endpoint == "score_customers":
            count, answer = self._bodies.batch(body, state)
            claimed.advance(count, count)
            logged = partial(self._looked_up, ROUTE, answer, facts.submitted_at) if self._looked_up else None
            return {JSON: [json_bytes(answer)]}, logged
        query = ScoringParameters(as_of=facts.as_of, horizon_days=facts.horizon_days)
        path, media_type = f"/{facts.endpoint}", facts.media_type
        features, context = self._bodies.features(path, body, media_type, query, state, lambda: facts.submitted_at)
        customers, noted = len(features.ids), time.monotonic()
        claimed.advance(0, customers)

        def advance(scored: int) -> None:
            nonlocal noted
            if scored == customers or time.monotonic() - noted > PROGRESS_SECONDS:
                noted = time.monotonic()
                claimed.advance(scored, customers)

        log = partial(self._answered, ROUTE, features, context, wait=True) if self._answered else None
        return score_bodies(features, context, advance), log
