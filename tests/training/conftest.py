"""A tracking store of its own for every test, without waiting for MLflow to make its tables each time."""

import shutil
from pathlib import Path

import pytest

from training.registry.mlflow_client import Tracking, open_tracking


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a tracking store without runs, made by MLflow once."""
    home = tmp_path_factory.mktemp("empty")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        open_tracking(home)
    return home / "mlflow.db"


@pytest.fixture
def home(empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with an empty tracking store; its name has a blank, as users' have."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    folder = tmp_path / "our var"
    folder.mkdir()
    shutil.copy(empty_database, folder / "mlflow.db")
    return folder


@pytest.fixture
def tracking(home: Path) -> Tracking:
    return open_tracking(home)
