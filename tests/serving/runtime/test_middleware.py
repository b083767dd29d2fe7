"""What every request passes: headers, ids, keys, rates, faults, and callers that leave or dawdle."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from serving.runtime.access_log import Log
from serving.runtime.api_keys import KeyRing, add_key
from serving.runtime.metrics import Metrics
from serving.runtime.middleware import Bounds, Guard

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
ROUTES = ("/", "/score", "/score_customers", "/versions", "/readyz", "/livez", "/metrics")


@pytest.fixture(scope="module")
def metrics() -> Metrics:
    """Prometheus takes a name once a process."""
    return Metrics(ROUTES)


class Answered:
    """What a caller got, and what the guard wrote down."""

    def __init__(self, sent: list[dict[str, Any]], lines: list[dict[str, Any]]) -> None:
        self.sent, self.lines = sent, lines
        starts = [message for message in sent if message["type"] == "http.response.start"]
        self.status = starts[0]["status"] if starts else None
        self.headers = {name.decode(): value.decode() for name, value in starts[0]["headers"]} if starts else {}
        self.body = b"".join(message.get("body", b"") for message in sent)

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json"
        return json.loads(self.body)


class Ask:
    """Asks a guard around an application of the test's own, without a server."""

    def __init__(self, metrics: Metrics, folder: Path) -> None:
        self.metrics, self.file = metrics, folder / "log"
        self.log = Log(lambda: NOON, os.open(self.file, os.O_CREAT | os.O_WRONLY | os.O_APPEND))
        self.read = 0

    def guard(self, app: Any, **given: Any) -> Guard:
        return Guard(app, behind, self.metrics, self.log, nullcontext(), **given)

    def __call__(self, guard: Guard, path: str = "/score", body: tuple[bytes, ...] = (), **headers: str) -> Answered:
        sent: list[dict[str, Any]] = []
        parts = list(body)

        async def receive() -> dict[str, Any]:
            if not parts:
                return {"type": "http.disconnect"}
            part = parts.pop(0)
            self.read += len(part)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if body:
            named.append((b"content-length", str(sum(map(len, body))).encode()))
        scope = {"type": "http", "method": "POST", "path": path, "headers": named, "client": ("10.0.0.7", 1234)}
        before = self.file.stat().st_size
        asyncio.run(guard(scope, receive, send))
        with self.file.open() as lines:
            lines.seek(before)
            return Answered(sent, [json.loads(line) for line in lines])


@pytest.fixture
def ask(metrics: Metrics, tmp_path: Path) -> Iterator[Ask]:
    asking = Ask(metrics, tmp_path)
    yield asking
    os.close(asking.log._descriptor)


async def fine(scope: Any, receive: Any, send: Any) -> None:
    """Answers with a header of its own, and tells what was scored."""
    scope["regulars"].update(customers=3, model_version="7")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"Cache-Control", b"max-age=9")]})
    await send({"type": "http.response.body", "body": b"fine"})


async def behind(scope: Any, receive: Any, send: Any) -> None:
    """Stands for BentoML."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"behind"})


def test_every_answer_has_the_headers_of_safety(ask: Ask) -> None:
    """What the application set itself is left as it is."""
    headers = ask(ask.guard(fine)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["Cache-Control"] == "max-age=9"
    assert "cache-control" not in headers
    assert ask(ask.guard(fine), "/livez").headers["cache-control"] == "no-store"


def test_a_request_has_one_line_in_the_log(ask: Ask) -> None:
    """With its id, route, status, time, and what the application told of it."""
    answered = ask(ask.guard(fine), x_request_id="shop-2024.06_01")
    assert answered.headers["x-request-id"] == "shop-2024.06_01"
    (line,) = answered.lines
    assert line.pop("ms") >= 0
    assert line.pop("worker") == os.getpid()
    assert line == {
        "time": "2024-06-01T12:00:00Z",
        "id": "shop-2024.06_01",
        "method": "POST",
        "route": "/score",
        "status": 200,
        "customers": 3,
        "model_version": "7",
    }


@pytest.mark.parametrize(
    "given", ["", "short", "x" * 65, "with blank 123", 'quote"12345', "line\n12345", "ümlaut12345"]
)
def test_a_request_id_that_is_not_sane_is_replaced(ask: Ask, given: str) -> None:
    """So that nobody writes into the log or an answer's headers what they like."""
    answered = ask(ask.guard(fine), x_request_id=given)
    assert answered.headers["x-request-id"] != given
    assert answered.headers["x-request-id"] == answered.lines[0]["id"]


def test_health_and_metrics_go_to_bentoml_and_all_else_to_us(ask: Ask) -> None:
    """Looks at health that went well leave no line."""
    guard = ask.guard(fine)
    for path, body in (("/livez", b"behind"), ("/metrics", b"behind"), ("/readyz", b"fine"), ("/schema.json", b"fine")):
        answered = ask(guard, path)
        assert answered.body == body
        assert len(answered.lines) == (path == "/schema.json")


def test_a_fault_of_ours_is_a_problem_and_says_where(ask: Ask) -> None:
    """The log has the place and the kind, and not the words: they may quote a customer's data."""

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError("anna@example.org")

    answered = ask(ask.guard(broken))
    assert answered.problem["status"] == 500
    fault, line = answered.lines
    assert fault["event"] == "fault"
    assert fault["fault"] == "KeyError"
    assert fault["id"] == line["id"]
    assert "test_middleware.py" in fault["at"][-1]
    assert "broken" in fault["at"][-1]
    assert "anna" not in json.dumps([*answered.lines, answered.problem])


def test_a_caller_that_left_is_noted_as_such(ask: Ask) -> None:
    """An application that gives up without an answer is no fault."""

    async def gone(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "http.disconnect"

    assert ask(ask.guard(gone)).lines[0]["status"] == 499


def test_a_body_that_nobody_wants_is_read_before_the_answer(ask: Ask) -> None:
    """A caller that is still sending sees the refusal; one that asked for leave to send does not send at all."""
    body = (b"x" * 1000,) * 50
    answered = ask(ask.guard(fine), body=body)
    assert (answered.status, ask.read) == (200, 50_000)
    assert "connection" not in answered.headers
    ask.read = 0
    answered = ask(ask.guard(fine), body=body, expect="100-continue")
    assert (answered.status, ask.read) == (200, 0)
    assert answered.headers["connection"] == "close"


def test_who_sends_for_ever_is_answered_all_the_same(ask: Ask) -> None:
    """After the seconds that a drain may take, with the connection closed."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.001)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/score", "headers": [(b"transfer-encoding", b"chunked")]}
    asyncio.run(ask.guard(fine, bounds=Bounds(drain_seconds=0.05))(scope, receive, send))
    assert (b"connection", b"close") in sent[0]["headers"]


def test_who_takes_an_answer_too_slowly_is_dropped(ask: Ask) -> None:
    """Its connection is aborted, as uvicorn's transport allows; others are not."""

    class Cycle:
        """Like uvicorn's: `send` waits until the transport has room, or is gone."""

        def __init__(self) -> None:
            self.transport, self.gone = self, asyncio.Event()

        def abort(self) -> None:
            self.gone.set()

        async def send(self, message: dict[str, Any]) -> None:
            await self.gone.wait()

    async def never() -> dict[str, Any]:
        raise AssertionError("nobody asked for it")

    async def life() -> None:
        guard = ask.guard(fine, bounds=Bounds(answer_seconds=0.05))
        sweep = asyncio.create_task(guard._sweep())
        scope = {"type": "http", "method": "GET", "path": "/versions", "headers": []}
        await asyncio.wait_for(guard(scope, never, Cycle().send), 10)
        sweep.cancel()

    asyncio.run(life())


def test_too_many_at_once_are_told_to_come_again(ask: Ask) -> None:
    """503 with Retry-After, while health is still answered."""

    async def crowd(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/score":
            await asyncio.sleep(0.2)
        await fine(scope, receive, send)

    guard = ask.guard(crowd, bounds=Bounds(in_flight=3))

    async def one(path: str) -> int:
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await guard({"type": "http", "method": "POST", "path": path, "headers": []}, send, send)  # type: ignore[arg-type]
        return int(sent[0]["status"])

    async def all_of_them() -> list[int]:
        return await asyncio.gather(*map(one, ["/score"] * 5 + ["/readyz"]))

    assert asyncio.run(all_of_them()) == [200, 200, 200, 503, 503, 200]


@pytest.fixture
def ring(tmp_path: Path) -> tuple[KeyRing, dict[str, str]]:
    """Keys of an app, an office that sees the page, and a monitor; and their secrets."""
    file = tmp_path / "keys.toml"
    secrets = {
        "shop": add_key(file, "shop", ["score"]),
        "office": add_key(file, "office", ["page", "score", "customers"], "3/hour"),
        "monitor": add_key(file, "monitor", ["metrics"]),
    }
    return KeyRing(file, lambda **_: None), secrets


@pytest.mark.parametrize(
    ("path", "who", "status"),
    [
        ("/score", "shop", 200),
        ("/score", "monitor", 403),
        ("/score", None, 401),
        ("/score_customers", "shop", 403),
        ("/score_customers", "office", 200),
        ("/versions", "shop", 200),
        ("/versions", None, 401),
        ("/metrics", "monitor", 200),
        ("/metrics", "shop", 403),
        ("/metrics", None, 401),
        ("/", "office", 200),
        ("/", "shop", 403),
        ("/", None, 401),
        ("/livez", None, 200),
        ("/readyz", None, 200),
        ("/nowhere", None, 200),  # for the application to answer: there is nothing to protect
    ],
)
def test_a_key_opens_what_it_is_for(
    ask: Ask, ring: tuple[KeyRing, dict[str, str]], path: str, who: str | None, status: int
) -> None:
    """401 without a known key, says how; 403 with one that lacks the scope; the log has its name and no secret."""
    keys, secrets = ring
    given = {"authorization": f"Bearer {secrets[who]}"} if who else {}
    answered = ask(ask.guard(fine, keys=keys), path, **given)
    assert answered.status == status
    if status == 401:
        assert answered.headers["www-authenticate"].startswith("Basic" if path == "/" else "Bearer")
    if status >= 400:
        assert answered.problem["status"] == status
    if who and answered.lines:
        assert answered.lines[0]["key"] == who
    assert not any(secret in json.dumps(answered.lines) for secret in secrets.values())


def test_each_key_has_its_own_rate(ask: Ask, ring: tuple[KeyRing, dict[str, str]]) -> None:
    """429 with Retry-After past it; a key without one has that of everybody, and callers without a key by address."""
    keys, secrets = ring
    guard = ask.guard(fine, keys=keys, rate="5/hour")

    def statuses(calls: int, **given: str) -> list[int]:
        return [int(ask(guard, **given).status or 0) for _ in range(calls)]

    assert statuses(4, authorization=f"Bearer {secrets['office']}") == [200] * 3 + [429]
    assert statuses(6, authorization=f"Bearer {secrets['shop']}") == [200] * 5 + [429]
    assert statuses(6) == [401] * 5 + [429]
    last = ask(guard)
    assert 1 <= int(last.headers["retry-after"]) <= 3600
    assert ask(guard, "/readyz").status == 200


def test_a_line_that_cannot_be_written_stops_nothing(metrics: Metrics, tmp_path: Path) -> None:
    """On a full disk the answer goes out, and the lost line is counted."""
    asking = Ask(metrics, tmp_path)
    full = Log(lambda: NOON, os.open("/dev/full", os.O_WRONLY))
    guard = Guard(fine, behind, metrics, full, nullcontext())
    assert asking(guard).status == 200
    assert full.lost == 1


def test_web_sockets_are_refused(ask: Ask) -> None:
    """There are none here."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(ask.guard(fine)({"type": "websocket"}, send, send))  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close"}]
