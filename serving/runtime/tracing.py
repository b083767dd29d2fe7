"""Spans of requests for an OpenTelemetry collector; imported only where the settings name one (extra `telemetry`)."""

import threading
from collections.abc import Mapping
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    format_span_id,
    format_trace_id,
    set_span_in_context,
)

from serving.runtime.metrics import METHODS
from serving.runtime.trace_context import RequestTrace, TraceParent, parse_traceparent
from serving.runtime.traces_address import spans_address

EXPORT_SECONDS = 5.0
"""Seconds for a collector to take a batch of spans, retries included."""
CLOSE_SECONDS = 2.0
"""Seconds that the end of a worker waits for its last spans to be sent."""
NOTED = ("request_id", "customers", "model_version", "key")
"""What the log has of a request, as attributes `regulars.*`."""


class RecordedTrace(RequestTrace):
    """A request's span that the SDK records and sends, if it is sampled."""

    def __init__(self, span: Span, method: str, route: str) -> None:
        self._span, self._method, self._route = span, method, route
        context = span.get_span_context()
        trace_id, span_id = format_trace_id(context.trace_id), format_span_id(context.span_id)
        super().__init__(trace_id, span_id, context.trace_flags.sampled)

    def end(self, status: int, state: Mapping[str, Any]) -> None:
        """Hand the span to the thread that sends it."""
        span = self._span
        if span.is_recording():
            span.set_attributes({f"regulars.{name}": state[name] for name in NOTED if state.get(name)})
            span.set_attribute("http.request.method", self._method)
            span.set_attribute("http.route", self._route)
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_attribute("error.type", str(status))
                span.set_status(Status(StatusCode.ERROR))
        span.end()


class Tracer:
    """Starts the spans of requests and sends them in a thread of its own, in batches; a full queue drops the oldest.

    The standard variables of OpenTelemetry hold: `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`,
    `OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_BSP_*` and the like.

    Parameters
    ----------
    endpoint : str
        The address of the collector, that of OTLP over HTTP.
    """

    def __init__(self, endpoint: str) -> None:
        named = Resource({SERVICE_NAME: "regulars"}).merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=named, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(spans_address(endpoint), timeout=EXPORT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("regulars")

    def start(self, headers: Mapping[bytes, bytes], method: str, route: str) -> RequestTrace:
        """Return the span of a request, as a child of the caller's where there is one."""
        parent = parse_traceparent(headers.get(b"traceparent", b""))
        context = set_span_in_context(_span_of(parent)) if parent else None
        method = method if method in METHODS else "_OTHER"
        return RecordedTrace(self._tracer.start_span(f"{method} {route}", context, SpanKind.SERVER), method, route)

    def close(self) -> None:
        """Send what is there, for at most CLOSE_SECONDS."""
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(CLOSE_SECONDS)


def _span_of(parent: TraceParent) -> Span:
    """Return the caller's span, which is recorded elsewhere."""
    flags = TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT)
    return NonRecordingSpan(SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), True, flags))
