"""The address of a collector is checked at the start, and so is whether spans can be sent at all."""

import pytest

from features.errors import InvalidArgumentError, MissingExtraError
from serving.runtime import traces_address
from serving.runtime.settings import ServeSettings
from serving.runtime.traces_address import check_exporter, spans_address


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("http://localhost:4318", "http://localhost:4318/v1/traces"),
        ("http://localhost:4318/", "http://localhost:4318/v1/traces"),
        ("https://[::1]:4318/otlp/v1/traces", "https://[::1]:4318/otlp/v1/traces"),
    ],
)
def test_the_path_is_that_of_otlp_unless_it_is_given(endpoint: str, address: str) -> None:
    """Collectors take spans at /v1/traces; some vendors elsewhere."""
    assert spans_address(endpoint) == address


@pytest.mark.parametrize(
    "endpoint",
    [
        *("", "localhost:4318", "grpc://localhost:4317", "http://", "http://localhost:0", "http://localhost:99999"),
        *("http://[::1", "http://anna:secret@localhost:4318", "http://localhost:4318/?token=secret"),
    ],
)
def test_what_is_no_address_is_refused(endpoint: str) -> None:
    """In one line that says what is expected; so is a password, which /versions or a log might show."""
    with pytest.raises(InvalidArgumentError, match="expected the address of a collector for OTLP over HTTP"):
        ServeSettings(traces=endpoint)


def test_without_the_libraries_the_start_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the port is bound, in one line."""
    check_exporter()
    for module in ("opentelemetry.exporter.nothing", "nothing.exporter"):
        monkeypatch.setattr(traces_address, "EXPORTER", module)
        with pytest.raises(MissingExtraError, match=r"regulars\[telemetry\]"):
            check_exporter()
