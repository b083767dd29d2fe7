"""Steps make requests and read responses, without any network."""

import httpx
import pyarrow as pa
import pytest

from features.errors import KeyRefusedError, RequestRefusedError, ServiceBusyError
from regulars.client_calls import accepted, is_table, parameters, ready, refusal
from serving.response_types import Problem


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, RequestRefusedError), (401, KeyRefusedError), (403, KeyRefusedError), (422, RequestRefusedError),
     (429, ServiceBusyError), (500, RequestRefusedError), (503, ServiceBusyError), (507, ServiceBusyError)],
)  # fmt: skip
def test_each_status_has_its_error(status: int, kind: type[Exception]) -> None:
    """With the service's one line, also where a proxy has answered in another form."""
    error = refusal(Problem("/problems/x", "No", status, "why"))
    assert (type(error), str(error)) == (kind, f"{status} No: why")
    request = httpx.Request("GET", "http://service/versions")
    with pytest.raises(kind, match=f"^{status} [^\n]*/versions was answered without a problem document"):
        accepted(httpx.Response(status, content=b"<html>\n</html>", request=request))


def test_draining_is_an_answer() -> None:
    """503 of readiness says so, and is not tried again."""
    steps = ready()
    call = next(steps)
    assert (call.path, call.retried) == ("/readyz", False)
    with pytest.raises(StopIteration) as end:
        steps.send(httpx.Response(503, json={"status": "draining"}))
    assert end.value.value.status == "draining"


def test_a_query_has_what_is_given() -> None:
    """No cutoff is the service's clock."""
    assert parameters(None, 90, endpoint="score") == {"endpoint": "score", "horizon_days": "90"}
    assert is_table(pa.table({"a": [1]}))
    assert not is_table([{"a": 1}])
