"""Spans of requests reach an OpenTelemetry collector; one that fails or hangs neither fails nor slows an answer."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from serving.runtime import tracing
from serving.runtime.tracing import Tracer
from tests.serving.running import eventually, running
from tests.serving.runtime.conftest import Ask, bare, fine

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "50"}


class Collector:
    """A collector, and what it received."""

    def __init__(self, url: str) -> None:
        self.url, self.paths, self.spans, self.resource = url, [], [], {}

    def take(self, path: str, body: bytes) -> None:
        self.paths.append(path)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resource = {each.key: each.value.string_value for each in resource.resource.attributes}
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]

    def attributes(self, span: Any) -> dict[str, Any]:
        return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


@contextmanager
def collector(status: int = 200, hangs: Event | None = None) -> Iterator[Collector]:
    """A collector that answers with this status, after the event where there is one."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            if hangs:
                hangs.wait()
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taken = Collector(f"http://127.0.0.1:{server.server_address[1]}")
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield taken
    finally:
        if hangs:
            hangs.set()
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def standard_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a worker that traces: the SDK is on, and no variable of the machine steers it."""
    monkeypatch.delenv("OTEL_SDK_DISABLED", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end waits until every span is sent, however slow the machine is."""
    monkeypatch.setattr(tracing, "CLOSE_SECONDS", 120.0)


@pytest.mark.usefixtures("unhurried")
def test_a_request_is_a_span_of_its_callers_trace(ask: Ask) -> None:
    """With method, route, status and what the log has; log and answer name the span that the collector has."""
    with collector() as taken:
        tracer = Tracer(taken.url)
        answered = ask(ask.app(fine, start_trace=tracer.start), traceparent=PARENT)
        tracer.close()
    (span,), (line,) = taken.spans, answered.lines
    assert taken.paths == ["/v1/traces"]
    assert (span.trace_id.hex(), span.parent_span_id.hex(), span.name) == (TRACE, SPAN, "POST /score")
    assert (line["trace_id"], line["span_id"]) == (TRACE, span.span_id.hex())
    assert answered.headers["traceresponse"] == f"00-{TRACE}-{span.span_id.hex()}-01"
    assert taken.attributes(span) == {
        "http.request.method": "POST",
        "http.route": "/score",
        "http.response.status_code": 200,
        "regulars.customers": 3,
        "regulars.model_version": "7",
        "regulars.request_id": line["id"],
    }
    assert taken.resource["service.name"] == "regulars"
    assert 0 < span.end_time_unix_nano - span.start_time_unix_nano < 60e9


@pytest.mark.usefixtures("unhurried")
def test_requests_without_a_caller_begin_a_trace_and_unsampled_ones_are_not_sent(ask: Ask) -> None:
    """The caller decides; checks of health have no span; a fault of ours is an error."""

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError("anna@example.org")

    with collector() as taken:
        tracer = Tracer(taken.url)
        app = ask.app(bare, start_trace=tracer.start)
        begun = ask(app)
        unsampled = ask(app, traceparent=PARENT[:-1] + "0")
        ask(app, "/livez")
        ask(ask.app(broken, start_trace=tracer.start))
        tracer.close()
    assert unsampled.headers["traceresponse"].endswith("-00")
    first, fault = taken.spans
    assert (first.trace_id.hex(), first.parent_span_id) == (begun.lines[0]["trace_id"], b"")
    assert (fault.status.code, taken.attributes(fault)["error.type"]) == (2, "500")
    assert "anna" not in str(taken.spans)


@pytest.mark.parametrize("kind", ["absent", "refusing", "hanging"])
def test_a_collector_that_fails_costs_no_answer(ask: Ask, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """More requests than the queue has room for are answered meanwhile; a worker's end waits for no failing batch."""
    monkeypatch.setattr(tracing, "EXPORT_SECONDS", 30.0)
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "16")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8")
    hangs = Event() if kind == "hanging" else None
    with collector(200 if hangs else 503, hangs) as taken:
        tracer = Tracer("http://127.0.0.1:9" if kind == "absent" else taken.url)
        app = ask.app(bare, start_trace=tracer.start)
        began = time.perf_counter()
        assert {ask(app).status for _ in range(64)} == {200}
        assert time.perf_counter() - began < 20  # some ms each; each of eight batches takes 30 s to fail
        began = time.perf_counter()
        tracer.close()
        assert time.perf_counter() - began < tracing.CLOSE_SECONDS + 20  # and not until the last batch has failed
        if kind != "absent":
            eventually(lambda: taken.paths, "the collector was asked")


def test_off_loads_nothing() -> None:
    """A worker without a collector imports nothing of OpenTelemetry's SDK or exporter by our own doing."""
    code = (
        "import sys; import serving.runtime.middleware.request_log, serving.runtime.trace_context, "
        "serving.runtime.settings; print([name for name in sys.modules if name.startswith('opentelemetry.exporter')])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert ended.stdout.strip() == "[]"


def test_a_service_sends_its_spans(tmp_path: Path) -> None:
    """`regulars serve --traces URL`, from the request to the collector; checks of health send none."""
    with collector() as taken, running(tmp_path, "--traces", taken.url, NO_PROXY="127.0.0.1", **SOON) as service:
        answer = service.score(headers={"traceparent": PARENT})
        service.ask("GET", "/readyz")
        assert answer.status_code == 200
        eventually(lambda: any(span.trace_id.hex() == TRACE for span in taken.spans), "the span has arrived")
        (span,) = [span for span in taken.spans if span.trace_id.hex() == TRACE]
        assert answer.headers["traceresponse"] == f"00-{TRACE}-{span.span_id.hex()}-01"
        assert taken.attributes(span)["regulars.customers"] == 1
        assert {span.name for span in taken.spans} == {"POST /score"}  # the first is that of the start itself
