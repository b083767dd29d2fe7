"""A typed client of the service; needs msgspec and the standard library."""

import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from features.errors import RequestRefusedError
from serving.request_types import (
    DEFAULT_HORIZON_DAYS,
    Customer,
    CustomersRequest,
    FeatureRow,
    RowsRequest,
    ScoreRequest,
)
from serving.response_types import LastScoresAnswer, Problem, ScoreAnswer, Versions

T = TypeVar("T")


class Client:
    """A client of one service.

    Parameters
    ----------
    address : str
        Address of the service, like `http://127.0.0.1:3000`.
    key : str, optional
        API key, if the service has keys.
    seconds : float
        How long to wait for a response.

    Notes
    -----
    Every method raises msgspec.ValidationError for arguments of wrong types or values, before anything is sent;
    RequestRefusedError when the service answers with a problem document; and urllib.error.URLError without a
    connection.

    Examples
    --------
    >>> from serving.request_types import Customer, Purchase
    >>> customer = Customer("12415", [Purchase(event_time="2011-06-01", amount=120.0)])
    >>> client = Client("http://127.0.0.1:3000")
    >>> response = client.score([customer], as_of="2011-06-10")  # doctest: +SKIP
    >>> response.scores[0].churn_probability  # doctest: +SKIP
    0.42
    """

    def __init__(self, address: str, key: str | None = None, seconds: float = 60.0) -> None:
        self._address, self._seconds = address.rstrip("/"), seconds
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def score(
        self, customers: Sequence[Customer], as_of: str | None = None, horizon_days: int = DEFAULT_HORIZON_DAYS
    ) -> ScoreAnswer:
        """Return the scores of customers by their events.

        Parameters
        ----------
        customers : sequence of Customer
            Each customer once.
        as_of : str, optional
            The cutoff: only events before this time are known. Default: now.
        horizon_days : int
            Days to forecast, 1 to 3650.

        Returns
        -------
        ScoreAnswer
            `scores` in the order of the customers, and the versions of formula and model.
        """
        body = ScoreRequest(customers=list(customers), as_of=as_of, horizon_days=horizon_days)
        return self._request("/score", body, ScoreAnswer)

    def score_features(
        self, rows: Sequence[dict[str, Any]], as_of: str | None = None, horizon_days: int = DEFAULT_HORIZON_DAYS
    ) -> ScoreAnswer:
        """Return the scores of rows of the feature table.

        Parameters
        ----------
        rows : sequence of dict
            `customer_id` and all features at `as_of`, null as None.
        as_of, horizon_days
            As for `score`.

        Returns
        -------
        ScoreAnswer
            As of `score`.
        """
        features = [msgspec.convert(row, FeatureRow) for row in rows]
        body = RowsRequest(rows=features, as_of=as_of, horizon_days=horizon_days)
        return self._request("/score_features", body, ScoreAnswer)

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
        body = CustomersRequest(customer_ids=list(customer_ids))
        return self._request("/score_customers", body, LastScoresAnswer)

    def versions(self) -> Versions:
        """Return the formula, features, model and data in service."""
        return self._request("/versions", None, Versions)

    def _request(self, path: str, body: msgspec.Struct | None, response_type: type[T]) -> T:
        headers, content = self._headers, None
        if body is not None:
            headers = headers | {"Content-Type": "application/json"}
            fields = msgspec.to_builtins(body)
            msgspec.convert(fields, type(body))  # a struct made in Python is not checked, and NaN would become null
            content = msgspec.json.encode(fields)
        request = urllib.request.Request(self._address + path, content, headers)
        try:
            with urllib.request.urlopen(request, timeout=self._seconds) as response:
                return msgspec.json.decode(response.read(), type=response_type)
        except urllib.error.HTTPError as error:
            with error:
                problem = msgspec.json.decode(error.read(), type=Problem)
            message = f"{problem.status} {problem.title}: {problem.detail}"
            raise RequestRefusedError(message, problem) from None
