"""The SQLite file of a tracking store: created whole or not at all, and checked before MLflow uses it."""

import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

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


def test_one_thread_at_a_time_holds_the_lock(tmp_path: Path) -> None:
    """Another one waits until the block ends, also when it ends by an error."""
    order: list[str] = []

    def second() -> None:
        with database.locked(tmp_path / "mlflow.db"):
            order.append("second")

    def first() -> None:
        with database.locked(tmp_path / "mlflow.db"):
            thread.start()
            thread.join(timeout=0.2)
            order.append("first")
            raise ZeroDivisionError

    thread = Thread(target=second)
    with pytest.raises(ZeroDivisionError):
        first()
    thread.join()
    assert order == ["first", "second"]


def test_only_a_sqlite_address_has_a_file() -> None:
    """Relative addresses count from the working directory."""
    assert database.sqlite_file("sqlite:////data/mlflow.db") == Path("/data/mlflow.db")
    assert database.sqlite_file("sqlite:///mlflow.db") == Path.cwd() / "mlflow.db"
    assert database.sqlite_file("http://shop:5000") is None


def test_a_write_ahead_log_in_a_folder_that_cannot_be_written_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite would make files beside it, so it is opened as one that nobody changes; any other is opened as usual."""
    file = tmp_path / "our var" / "mlflow.db"
    file.parent.mkdir()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    assert database.read_only_uri(file) == f"sqlite+pysqlite:///file:{quote(str(file))}?mode=ro&uri=true"
    connect = sqlite3.connect

    def refused(address: str, **options: Any) -> sqlite3.Connection:
        if "immutable" not in address:
            raise sqlite3.OperationalError("unable to open database file")
        return connect(address, **options)

    monkeypatch.setattr(sqlite3, "connect", refused)
    assert database.read_only_uri(file).endswith("?mode=ro&immutable=1&uri=true")
