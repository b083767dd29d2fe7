"""The typed client asks a real server, and gets types back."""

import math
import socket
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import uvicorn
from starlette.applications import Starlette

from features.errors import RequestRefusedError
from serving.client import Client
from serving.request_types import Customer, Purchase, Visit
from tests.serving.asking import ask, feature_row


@pytest.fixture(scope="module")
def client(app: Starlette) -> Iterator[Client]:
    """A client of the app behind uvicorn, on a free port of this machine."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield Client(f"http://127.0.0.1:{listening.getsockname()[1]}/")
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


def test_scores_come_back_typed(client: Client, app: Starlette) -> None:
    """Events and features are scored as without the client."""
    events = [
        Purchase(event_time="2011-03-20 15:05:00", amount=88.9),
        Visit(event_time="2011-05-02", channel="phone", outcome="interested"),
    ]
    found = client.score([Customer("12415", events)], as_of="2011-06-10", horizon_days=30)
    assert (found.model_version, found.horizon_days) == ("7", 30)
    assert 0 < found.scores[0].churn_probability < 1
    assert found.scores[0].loyalty_parts["visits"].score > 0
    expected = ask(app, "/score_features", {"rows": [feature_row()], "as_of": "2011-06-10"}).json()
    assert (
        client.score_features([feature_row()], "2011-06-10").scores[0].loyalty_score
        == (expected["scores"][0]["loyalty_score"])
    )
    assert client.versions().timezone == "Europe/London"


def test_a_refusal_says_why(client: Client) -> None:
    """A problem document becomes an error that holds it."""
    ahead = Purchase(event_time="2012-03-20", amount=1)
    with pytest.raises(RequestRefusedError, match=r"422 .* ahead of the clock") as refused:
        client.score([Customer("12415", [ahead])])
    (fault,) = refused.value.problem.errors
    assert fault.path == "customers/0/events/0/event_time"
    with pytest.raises(RequestRefusedError) as refused:
        client.score_customers(["12415"])
    assert refused.value.problem.status == 409


@pytest.mark.parametrize("amount", [-1, math.nan, math.inf, "7"])
def test_what_breaks_the_types_is_not_sent(client: Client, amount: Any) -> None:
    """Wrong values are refused here, NaN among them, which JSON would make null of."""
    with pytest.raises(msgspec.ValidationError, match="amount"):
        client.score([Customer("12415", [Purchase(event_time="2011-03-20", amount=amount)])])
