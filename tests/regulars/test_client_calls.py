"""Steps make requests and read responses, without any network."""

from typing import Any

import httpx
import msgspec
import pyarrow as pa
import pytest

from features.errors import InvalidArgumentError, KeyRefusedError, RequestRefusedError, ServiceBusyError
from regulars.client_calls import accepted, is_table, listed, parameters, plan_items, ready, refusal, score_customers
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


@pytest.mark.parametrize(("as_of", "horizon_days"), [("", 90), ("June", 90), ("2011-06-10", 0), ("2011-06-10", 2.5)])
def test_the_query_of_a_table_is_checked_as_a_body_is(as_of: str, horizon_days: Any) -> None:
    """An empty cutoff is not now."""
    with pytest.raises(msgspec.ValidationError):
        parameters(as_of, horizon_days)


@pytest.mark.parametrize("values", ["C01", b"C01", None, {"C01": 1}, pa.table({"C01": [1]}), 7], ids=str)
def test_what_is_no_list_is_refused(values: Any) -> None:
    """The letters of a text are no ids, nor are the names of columns."""
    with pytest.raises(InvalidArgumentError, match=r"^found \w+, expected a list of str$"):
        next(score_customers(values))
    assert listed(iter("ab"), "str") == ["a", "b"]


def test_what_json_cannot_hold_is_one_line() -> None:
    """Instead of an error of the library."""
    with pytest.raises(InvalidArgumentError, match=r"^what was given cannot be sent as JSON: [^\n]*object"):
        next(score_customers([object()]))  # type: ignore[list-item]


def test_an_empty_rep_is_not_all() -> None:
    """None is."""
    with pytest.raises(InvalidArgumentError, match=r"^rep: "):
        next(plan_items("p", ""))
