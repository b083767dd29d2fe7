"""The tracking store that verbs open: whether there is one, and with which settings."""

from pathlib import Path

import pytest

from cli.tracking import has_tracking_store, opened_tracking
from features.errors import SettingsFileError
from tests.cli.conftest import restore_config


def test_a_tracking_store_is_a_server_or_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set but empty counts as absent."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert not has_tracking_store(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert not has_tracking_store(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert has_tracking_store(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    (tmp_path / "mlflow.db").touch()
    assert has_tracking_store(tmp_path)


def test_a_store_is_opened_with_the_settings_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The section [tracking], and a variable above it; a wrong value is one line."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    restore_config(monkeypatch)
    (tmp_path / "regulars.toml").write_text('[tracking]\nartifact_root = "/files"\nretries = 1\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGULARS_TRACKING_TIMEOUT_SECONDS", "7")
    settings = opened_tracking(tmp_path / "home").settings
    assert (settings.artifact_root, settings.timeout_seconds, settings.retries) == ("/files", 7, 1)
    monkeypatch.setenv("REGULARS_TRACKING_TIMEOUT_SECONDS", "0")
    with pytest.raises(SettingsFileError, match="at least 1 second"):
        opened_tracking(tmp_path / "home")
