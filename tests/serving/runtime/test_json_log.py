"""The log is one JSON object a line, also for libraries, and never quotes an error's message."""

import json
import logging
import os
from pathlib import Path

from serving.runtime.json_log import JsonLog, fault_fields
from tests.serving.runtime.conftest import NOON


def test_a_line_is_the_fields_after_time_and_worker(tmp_path: Path) -> None:
    """Each line is one write of one JSON object, in the order of the fields."""
    log = JsonLog(lambda: NOON, os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY))
    log.log_event(event="refused", version="3")
    log.log_event(event="in service")
    first, second = (tmp_path / "log").read_text().splitlines()
    assert json.loads(first) == {
        "time": "2024-06-01T12:00:00Z",
        "worker": os.getpid(),
        "event": "refused",
        "version": "3",
    }
    assert list(json.loads(second)) == ["time", "worker", "event"]


def test_a_fault_is_its_type_and_place() -> None:
    """The message, which may quote a customer's data, is left out."""
    try:
        raise KeyError("anna@example.org")
    except KeyError as error:
        fields = fault_fields(error)
    assert fields["fault"] == "KeyError"
    assert "test_json_log.py" in str(fields["at"])
    assert "anna" not in str(fields)


def test_lines_of_libraries_have_the_same_form(tmp_path: Path) -> None:
    """A warning of a library becomes a line of JSON with its logger, level and message, and no text of an error."""
    handlers = list(logging.root.handlers)
    file = tmp_path / "log"
    log = JsonLog(lambda: NOON, os.open(file, os.O_CREAT | os.O_WRONLY))
    library = logging.getLogger("some.library")
    library.addHandler(logging.StreamHandler())
    try:
        log.capture_libraries()
        library.warning("low on %s", "disk")
        try:
            raise KeyError("anna@example.org")
        except KeyError:
            library.exception("failed")
    finally:
        logging.captureWarnings(False)
        logging.root.handlers[:] = handlers
    low, failed = map(json.loads, file.read_text().splitlines())
    assert (low["logger"], low["level"], low["message"]) == ("some.library", "warning", "low on disk")
    assert (failed["fault"], failed["message"]) == ("KeyError", "failed")
    assert "anna" not in file.read_text()
