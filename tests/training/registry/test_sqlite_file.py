"""The SQLite file of a tracking store: created whole or not at all, and checked before MLflow uses it."""

import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.errors import TrackingError
from tests.training.registry.processes import child, ended
from training.registry import sqlite_file as database
from training.registry.mlflow_client import open_tracking
from training.registry.versions import versions


@pytest.fixture
def locked(home: Path) -> Iterator[None]:
    """Another connection that writes and does not end."""
    other = sqlite3.connect(home / "mlflow.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    yield
    other.close()


@pytest.mark.usefixtures("locked")
def test_a_locked_database_is_said_in_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After waiting a while for the other process, the line says that there is one."""
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.1)
    with pytest.raises(TrackingError, match=r"in use by another process.*database is locked") as raised:
        open_tracking(home)
    assert "\n" not in str(raised.value)


UNMADE = """
import os, signal, sys
import mlflow.store.db.utils as tables
from training.registry.mlflow_client import open_tracking
tables._upgrade_db = lambda engine: os.kill(os.getpid(), signal.SIGKILL)
open_tracking(sys.argv[1])
"""


@pytest.mark.slow
def test_killed_while_the_database_is_made_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next process finds no half of a database, and makes it."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert ended(child(UNMADE, tmp_path)) == (-signal.SIGKILL, "")
    assert not (tmp_path / "mlflow.db").exists()
    assert versions(open_tracking(tmp_path)) == []
