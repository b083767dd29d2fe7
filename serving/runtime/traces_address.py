"""The address of an OpenTelemetry collector, and whether the libraries are there that send spans to it."""

from importlib.util import find_spec
from urllib.parse import urlsplit

from features.errors import InvalidArgumentError, MissingExtraError

PATH = "/v1/traces"
"""Where a collector takes spans by OTLP over HTTP, unless the address has a path."""
EXPORTER = "opentelemetry.exporter.otlp.proto.http"


def spans_address(endpoint: str) -> str:
    """Return the address to which spans are sent: PATH where the endpoint has no path.

    Raises InvalidArgumentError for what is no http or https address.

    Examples
    --------
    >>> spans_address("http://localhost:4318")
    'http://localhost:4318/v1/traces'
    """
    try:
        parts = urlsplit(endpoint.strip())
        valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid or parts.query or parts.fragment or parts.username is not None:
        raise InvalidArgumentError(
            f"traces is {endpoint!r}, expected the address of a collector for OTLP over HTTP, like "
            "http://localhost:4318, without a query or a password (OTEL_EXPORTER_OTLP_HEADERS takes one)"
        )
    return parts._replace(path=PATH if parts.path in {"", "/"} else parts.path).geturl()


def check_exporter() -> None:
    """Raise MissingExtraError where the libraries of the extra `telemetry` are not installed."""
    try:
        there = find_spec(EXPORTER) is not None
    except ModuleNotFoundError:
        there = False
    if not there:
        raise MissingExtraError(
            f"needs regulars[telemetry] for traces, because {EXPORTER} is not installed: "
            "run pip install 'regulars[telemetry]'"
        )
