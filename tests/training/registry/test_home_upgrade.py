"""The database of a home that an earlier MLflow wrote is brought up to date, or stays as it was."""

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from features.errors import TrackingError
from tests.training.registry.processes import child, ended
from training.registry.home_upgrade import schema_revision, upgrade
from training.registry.mlflow_client import open_tracking

EARLIER = "cbc13b556ace"
"""A schema of MLflow 3.1."""


OLD = """
import sys
from alembic import command
from mlflow.store.db.utils import _get_alembic_config
from mlflow.store.tracking.dbmodels.initial_models import Base
from sqlalchemy import create_engine
engine = create_engine(sys.argv[1])
Base.metadata.create_all(engine)
engine.dispose()
command.upgrade(_get_alembic_config(sys.argv[1]), sys.argv[2])
"""


@pytest.fixture
def old_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one experiment, as MLflow 3.1 would have written it."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    home = tmp_path / "old var"
    home.mkdir()
    code, error = ended(child(OLD, f"sqlite:///{home / 'mlflow.db'}", EARLIER))
    assert code == 0, error
    with closing(sqlite3.connect(home / "mlflow.db")) as database, database:
        database.execute(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage) "
            "VALUES (7, 'ours', 'file:///files', 'active')"
        )
    return home


def test_an_old_home_opens_after_its_upgrade(old_home: Path) -> None:
    """Before, one line says what to do; after, everything is there, and the database of before beside it."""
    with pytest.raises(TrackingError, match="`regulars home upgrade`"):
        open_tracking(old_home)
    with pytest.raises(TrackingError, match="`regulars home upgrade`"):
        open_tracking(old_home, read_only=True)
    kept = upgrade(old_home)
    assert kept == old_home / f"mlflow.db.{EARLIER}"
    assert schema_revision(kept) == EARLIER
    assert open_tracking(old_home).ensure_experiment("ours") == "7"
    assert upgrade(old_home) is None
    assert sorted(path.name for path in old_home.iterdir()) == [".mlflow.db.lock", "mlflow.db", kept.name]


def test_a_database_of_a_later_mlflow_stays_as_it_was(home: Path) -> None:
    """One line says what to install."""
    with closing(sqlite3.connect(home / "mlflow.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'feedfacecafe'")
    before = (home / "mlflow.db").read_bytes()
    with pytest.raises(TrackingError, match=r"by the installed MLflow .*: install the MLflow") as raised:
        upgrade(home)
    assert "\n" not in str(raised.value)
    assert (home / "mlflow.db").read_bytes() == before
    with pytest.raises(TrackingError, match="another MLflow wrote"):
        open_tracking(home)


def test_a_folder_without_a_home_is_named(tmp_path: Path) -> None:
    """And nothing is made in it."""
    with pytest.raises(TrackingError, match="no home in"):
        upgrade(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


KILLED_IN_A_COMMIT = """
import os, signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA cache_size = 1")  # pages reach the file before the end of the transaction
database.execute("BEGIN")
database.execute("DELETE FROM experiments")
database.execute("CREATE TABLE more (text)")
database.executemany("INSERT INTO more VALUES (?)", [("half " * 500,)] * 500)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("read_only", [True, False])
def test_what_a_killed_process_half_wrote_is_undone(home: Path, read_only: bool) -> None:
    """The first one who opens the home, even for reading, finds it as it was before."""
    database = home / "mlflow.db"
    before = schema_revision(database)
    assert ended(child(KILLED_IN_A_COMMIT, database))[0] == -signal.SIGKILL
    assert database.with_name("mlflow.db-journal").stat().st_size
    open_tracking(home, read_only=read_only)
    assert schema_revision(database) == before
    with closing(sqlite3.connect(database)) as opened:
        assert opened.execute("SELECT count(*) FROM sqlite_master WHERE name = 'more'").fetchone() == (0,)
        assert opened.execute("SELECT name FROM experiments").fetchall() == [("Default",)]
