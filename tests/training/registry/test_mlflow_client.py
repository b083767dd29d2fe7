"""The tracking store: opened within seconds, or an error in one line."""

import os
import socket
import time
from pathlib import Path

import pytest

from features.errors import TrackingError
from training.registry.mlflow_client import open_tracking


def test_a_server_that_is_not_there_is_said_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed port ends in one line that names it and what to do, not in minutes of tries."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@127.0.0.1:{port}")
    start = time.perf_counter()
    with pytest.raises(TrackingError, match=f"tracking at http://127.0.0.1:{port}: no answer: start") as raised:
        open_tracking()
    assert time.perf_counter() - start < 10
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)
    assert "MLFLOW_HTTP_REQUEST_TIMEOUT" not in os.environ


def test_what_is_no_database_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of something else, and a folder that cannot be made."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "mlflow.db").write_text("this is a shopping list, not a database, and it is long enough to be read")
    with pytest.raises(TrackingError, match="no SQLite database"):
        open_tracking(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(TrackingError, match=r"Not a directory|File exists"):
        open_tracking(tmp_path / "file")
