"""A typed client for programs in Python: the types of the service, and nothing else but the standard library."""

import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from features.errors import RequestRefusedError
from serving.request_types import HORIZON, Customer, CustomersRequest, FeatureRow, RowsRequest, ScoreRequest
from serving.response_types import LastScoresAnswer, Problem, ScoreAnswer, Versions

T = TypeVar("T")


class Client:
    """Asks one service; `key`: an API key, where the service has keys; `seconds`: how long to wait for an answer.

    Raises msgspec.ValidationError for what breaks the types before anything is sent, RequestRefusedError for what the
    service refuses, and URLError without a connection.
    """

    def __init__(self, address: str, key: str | None = None, seconds: float = 60.0) -> None:
        self._address, self._seconds = address.rstrip("/"), seconds
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def score(
        self, customers: Sequence[Customer], as_of: str | None = None, horizon_days: int = HORIZON
    ) -> ScoreAnswer:
        """Return the scores of customers by their events."""
        asked = ScoreRequest(customers=list(customers), as_of=as_of, horizon_days=horizon_days)
        return self._ask("/score", asked, ScoreAnswer)

    def score_features(
        self, rows: Sequence[dict[str, Any]], as_of: str | None = None, horizon_days: int = HORIZON
    ) -> ScoreAnswer:
        """Return the scores of rows of the feature table at `as_of`, `customer_id` among them, null as None."""
        asked = RowsRequest(
            rows=[msgspec.convert(row, FeatureRow) for row in rows], as_of=as_of, horizon_days=horizon_days
        )
        return self._ask("/score_features", asked, ScoreAnswer)

    def score_customers(self, customer_ids: Sequence[str]) -> LastScoresAnswer:
        """Return the last batch scores of these customers."""
        return self._ask("/score_customers", CustomersRequest(customer_ids=list(customer_ids)), LastScoresAnswer)

    def versions(self) -> Versions:
        """Return what is in service."""
        return self._ask("/versions", None, Versions)

    def _ask(self, path: str, asked: msgspec.Struct | None, answer: type[T]) -> T:
        headers = self._headers | ({"Content-Type": "application/json"} if asked else {})
        body = None
        if asked is not None:
            plain = msgspec.to_builtins(asked)
            msgspec.convert(
                plain, type(asked)
            )  # what is made in Python is not checked yet, and NaN would be sent as null
            body = msgspec.json.encode(plain)
        request = urllib.request.Request(self._address + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=self._seconds) as response:
                return msgspec.json.decode(response.read(), type=answer)
        except urllib.error.HTTPError as error:
            with error:
                problem = msgspec.json.decode(error.read(), type=Problem)
                message = f"{problem.status} {problem.title}: {problem.detail}"
                raise RequestRefusedError(message, problem) from None
