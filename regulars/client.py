"""A typed client of the service; needs the extra `client`."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

import httpx
import pyarrow as pa
from httpx_retries import RetryTransport

from regulars import client_calls as calls
from regulars.client_calls import Pause, Steps
from regulars.client_checks import key_header, service_address, shown_address
from regulars.client_tables import score_table, submit
from regulars.client_transport import Traceparent, request_of, retry_of, timeout_of, unreachable
from serving.job_types import Job, JobEndpoint
from serving.plan_types import PlanItem, PlanRecord, PlansAnswer, RecordsAnswer
from serving.request_types import DEFAULT_HORIZON_DAYS, Customer
from serving.response_types import LastScoresAnswer, Readiness, ScoreAnswer, Versions

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


class Client:
    """A client of one service, with a pool of connections and retries.

    Parameters
    ----------
    address : str
        Address of the service, like `http://127.0.0.1:3000`.
    key : str, optional
        API key, if the service has keys.
    seconds : float
        How long to wait for a response, in each attempt.
    retries : int
        How often a request is sent again after 429, 502, 503, 504 or a lost connection, with growing pauses or those of
        `Retry-After`. Every request of the service may be sent twice: none adds anything the second time.
    traceparent : str or callable, optional
        The trace (W3C Trace Context) that requests belong to, or what returns it for each of them.
    transport : httpx.BaseTransport, optional
        Sends the requests, in tests; without it they go over the network, proxies of the environment not used.

    Notes
    -----
    Every method raises msgspec.ValidationError or InvalidArgumentError for arguments of wrong types or values, before
    anything is sent; RequestRefusedError, or KeyRefusedError or ServiceBusyError of its kind, when the service answers
    with a problem document, whose one line is the message; and ServiceUnreachableError without an answer.

    Examples
    --------
    >>> from serving.request_types import Customer, Purchase
    >>> customer = Customer("12415", [Purchase(event_time="2011-06-01", amount=120.0)])
    >>> client = Client("http://127.0.0.1:3000")
    >>> answer = client.score([customer], as_of="2011-06-10")  # doctest: +SKIP
    >>> answer.scores[0].churn_probability  # doctest: +SKIP
    0.42
    """

    def __init__(
        self,
        address: str,
        key: str | None = None,
        seconds: float = 60.0,
        *,
        retries: int = 5,
        traceparent: Traceparent = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._traceparent = traceparent
        url = service_address(address)
        self._address = shown_address(url)
        self._http = httpx.Client(
            base_url=url,
            headers=key_header(key),
            timeout=timeout_of(seconds),
            transport=RetryTransport(transport or httpx.HTTPTransport(), retry_of(retries)),
            trust_env=False,
        )
        self.plans, self.jobs = Plans(self._run), Jobs(self._run)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @overload
    def score(
        self, customers: Sequence[Customer], as_of: str | None = None, horizon_days: int = DEFAULT_HORIZON_DAYS
    ) -> ScoreAnswer: ...

    @overload
    def score(
        self, customers: "pd.DataFrame", as_of: str | None = None, horizon_days: int = DEFAULT_HORIZON_DAYS
    ) -> "pd.DataFrame": ...

    @overload
    def score(
        self, customers: pa.Table, as_of: str | None = None, horizon_days: int = DEFAULT_HORIZON_DAYS
    ) -> pa.Table: ...

    def score(self, customers: Any, as_of: str | None = None, horizon_days: int = DEFAULT_HORIZON_DAYS) -> Any:
        """Return the scores of customers by their events.

        Parameters
        ----------
        customers : sequence of Customer, DataFrame, pyarrow.Table or RecordBatch
            Customers with their events, or an event log, of any length: it is sent in chunks of whole customers.
        as_of : str, optional
            The cutoff; now if it is absent.
        horizon_days : int
            Days to forecast.

        Returns
        -------
        ScoreAnswer, DataFrame or pyarrow.Table
            As it was given; one score or row a customer, in the order of their first rows. A table has the columns of a
            file of batch scores; versions, `as_of` and `horizon_days` are in its metadata, or `attrs` of a DataFrame.
        """
        if calls.is_table(customers):
            return self._run(score_table("/score", customers, as_of, horizon_days))
        return self._run(calls.score("/score", calls.events_body(customers, as_of, horizon_days)))

    @overload
    def score_features(
        self, rows: Sequence[dict[str, Any]], as_of: str | None = None, horizon_days: int = DEFAULT_HORIZON_DAYS
    ) -> ScoreAnswer: ...

    @overload
    def score_features(
        self, rows: "pd.DataFrame", as_of: str | None = None, horizon_days: int = DEFAULT_HORIZON_DAYS
    ) -> "pd.DataFrame": ...

    @overload
    def score_features(
        self, rows: pa.Table, as_of: str | None = None, horizon_days: int = DEFAULT_HORIZON_DAYS
    ) -> pa.Table: ...

    def score_features(self, rows: Any, as_of: str | None = None, horizon_days: int = DEFAULT_HORIZON_DAYS) -> Any:
        """Return the scores of rows of the feature table.

        Parameters
        ----------
        rows : sequence of dict, DataFrame, pyarrow.Table or RecordBatch
            `customer_id` and all features at `as_of`, null as None; a table of any length is sent in chunks.
        as_of, horizon_days
            As for `score`.

        Returns
        -------
        ScoreAnswer, DataFrame or pyarrow.Table
            As of `score`.
        """
        if calls.is_table(rows):
            return self._run(score_table("/score_features", rows, as_of, horizon_days))
        return self._run(calls.score("/score_features", calls.rows_body(rows, as_of, horizon_days)))

    def score_customers(self, customer_ids: Sequence[str]) -> LastScoresAnswer:
        """Return the latest batch scores of customers.

        Parameters
        ----------
        customer_ids : sequence of str
            Each id once.

        Returns
        -------
        LastScoresAnswer
            `scores` of the customers in the batch, and the other ids in `unknown`.
        """
        return self._run(calls.score_customers(customer_ids))

    def versions(self) -> Versions:
        """Return the formula, features, model and data in service."""
        return self._run(calls.versions())

    def ready(self) -> Readiness:
        """Return whether the service is `ready`, `degraded` with the reasons, or `draining`."""
        return self._run(calls.ready())

    def _run(self, steps: Steps[T]) -> T:
        """Send the calls of some steps, and return what these make of the responses."""
        response: httpx.Response | None = None
        while True:
            try:
                call = steps.send(response)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(call, Pause):
                time.sleep(call.seconds)
                response = None
                continue
            request = request_of(self._http, call, self._traceparent)
            try:
                response = self._http.send(request)
            except httpx.TransportError as error:
                raise unreachable(self._address, error) from None


class Plans:
    """The plans of a service: `client.plans`."""

    def __init__(self, run: Callable[[Steps[Any]], Any]) -> None:
        self._run = run

    def list(self) -> PlansAnswer:
        """Return the plans that there are."""
        answer: PlansAnswer = self._run(calls.plans())
        return answer

    def items(self, plan_id: str, rep: str | None = None) -> Sequence[PlanItem]:
        """Return the rows of a plan that are to be carried out, of one representative or of all, page by page."""
        items: Sequence[PlanItem] = self._run(calls.plan_items(plan_id, rep))
        return items

    def record(self, plan_id: str, records: Sequence[PlanRecord]) -> RecordsAnswer:
        """Add what was done, all of it or nothing; the same records again add nothing."""
        answer: RecordsAnswer = self._run(calls.record(plan_id, records))
        return answer


class Jobs:
    """The jobs of a service: `client.jobs`."""

    def __init__(self, run: Callable[[Steps[Any]], Any]) -> None:
        self._run = run

    def submit(
        self,
        customers: Any,
        as_of: str | None = None,
        horizon_days: int = DEFAULT_HORIZON_DAYS,
        *,
        endpoint: JobEndpoint = "score",
        idempotency_key: str | None = None,
    ) -> Job:
        """Submit what the method of the name `endpoint` takes, and return the job.

        With an `idempotency_key` of the caller's the same body again, also of another process, gives the same job.
        """
        steps = submit(endpoint, customers, as_of, horizon_days, idempotency_key)
        job: Job = self._run(steps)
        return job

    def status(self, job_id: str) -> Job:
        """Return where a job stands."""
        job: Job = self._run(calls.job_status(job_id))
        return job

    def wait(self, job_id: str, seconds: float = 3600.0) -> Job:
        """Return a job when it has ended; raises JobNotEndedError when it has not in so many seconds."""
        job: Job = self._run(calls.job_wait(job_id, seconds))
        return job

    def result(self, job_id: str) -> Any:
        """Return the scores of a job that is done: a pyarrow.Table, or a LastScoresAnswer of score_customers.

        Raises the error that its endpoint would have given if the job has failed.
        """
        return self._run(calls.job_result(job_id))

    def cancel(self, job_id: str) -> Job | None:
        """Cancel a job, or remove one that has ended; return it, None if it is removed."""
        job: Job | None = self._run(calls.job_cancel(job_id))
        return job
