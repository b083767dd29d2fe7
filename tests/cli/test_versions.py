"""`regulars versions`: a table of versions."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.test_promote import challenger
from tests.training.conftest import empty_database, home, tracking  # noqa: F401
from training.registry.mlflow_client import Tracking


def test_versions_are_rows(regulars: Callable, tracking: Tracking, home: Path) -> None:  # noqa: F811
    """On the terminal with - for what is unknown, in the file with null."""
    challenger(tracking, 0.01)
    challenger(tracking, 0.02, "speed: 9 ms")
    ended = regulars("versions", "--home", home, "--out", "versions.parquet")
    assert ended.code == 0, ended.error
    found = pq.read_table("versions.parquet").to_pylist()
    rows = [line.split() for line in ended.error.splitlines()]
    assert ["2", "-", "-", "-", "challenger", "recipe", "refused", found[0]["digest"][:12]] in rows
    assert ["1", "-", "-", "-", "-", "recipe", "passed", found[1]["digest"][:12]] in rows
    assert [(row["version"], row["loss"], row["reasons"]) for row in found] == [(2, None, "speed: 9 ms"), (1, None, "")]


def test_a_missing_home_is_one_line(regulars: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the verb that makes a version, and nothing is made."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    ended = regulars("versions", "--home", tmp_path / "home")
    assert ended == (1, "", f"regulars: no version is registered in {tmp_path / 'home'}: `regulars fit` makes one\n")
    assert not (tmp_path / "home").exists()
