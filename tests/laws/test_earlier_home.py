"""A home and a published version of an earlier release go on working: read, served, refitted, moved back, copied.

`earlier_home.tar.xz` was made by commit ec17e2b, which wrote whole paths and other metric names into MLflow, of the log
of the frozen pack: two versions (a quick fit each), the first promoted and published, and its forecasts.
"""

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.ingestion.ingest import ingest
from serving.runtime.model_loader import load_model
from serving.runtime.model_store import latest_version, read_published
from tests.cli.conftest import regulars  # noqa: F401
from tests.frozen.test_frozen_pack import MODEL, PACK
from training.registry.mlflow_client import open_tracking
from training.registry.versions import load, versions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), MODEL]
SETTINGS = """
[candidates]
baselines = ["base_rate", "bg_nbd"]
[trials]
quick_count = 1
horizons = [30]
[fit]
horizons = [30]
[retrain]
report = false
"""
AS_OF = "2026-01-01"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home, the model store, the recorded forecasts, a store of the log, and settings."""
    with tarfile.open(Path(__file__).with_name("earlier_home.tar.xz")) as archive:
        archive.extractall(tmp_path, filter="data")
    ingest(PACK / "given" / "log.parquet", tmp_path / "store")
    (tmp_path / "regulars.toml").write_text(SETTINGS)
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bento"))
    monkeypatch.setattr("training.publish.store_home", lambda: tmp_path / "bento")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


def test_its_champion_forecasts_what_it_did(folder: Path, regulars: Callable) -> None:  # noqa: F811
    """To nine digits, by `score` and by the published version, which is the same and is shipped as it is."""
    recorded = pd.read_parquet(folder / "scores.parquet").set_index("customer_id")
    command = ("score", "store", "--as-of", AS_OF, "--horizon-days", 60, "--home", "home", "--out", "now.parquet")
    ended = regulars(*command)
    assert ended.code == 0, ended.error
    now = pd.read_parquet(folder / "now.parquet").set_index("customer_id")
    names = ["expected_purchases", "churn_probability"]
    pd.testing.assert_frame_equal(now[names], recorded[names], rtol=1e-9)
    ended = regulars("publish", "--home", "home")
    assert (ended.code, "was already, and still is, the latest" in ended.error) == (0, True), ended.error
    store = folder / "bento" / "models"
    latest = latest_version(store)
    assert latest is not None
    published = load_model(read_published(store, latest))
    assert (published.version, published.card.as_of) == ("1", AS_OF)
    assert published.compiled is not None


def test_the_week_goes_on(folder: Path, regulars: Callable) -> None:  # noqa: F811
    """Listed, compared with and refitted by `retrain`, promoted by force, gone back from, and copied whole."""
    for verb, expected in (("versions", "standard"), ("history", "the first")):
        ended = regulars(verb, "--home", "home")
        assert (ended.code, expected in ended.error) == (0, True), ended.error
    ended = regulars("retrain", "--store", "store", "--home", "home", "--quick")
    assert ended.code in (0, 4), ended.error
    assert "not compared with" not in ended.error
    tracking = open_tracking(folder / "home")
    made = versions(tracking)
    assert [each.number for each in made] == [3, 2, 1]
    assert len([load(tracking, each) for each in made]) == 3
    if ended.code == 4:
        assert regulars("promote", "--home", "home", "--version", 3, "--force", "--reason", "a test").code == 0
    ended = regulars("rollback", "--home", "home", "--reason", "a test", "--publish")
    assert (ended.code, "version 1 is champion" in ended.error) == (0, True), ended.error
    assert regulars("home", "backup", "copy.tar", "--home", "home").code == 0
    shutil.rmtree(folder / "home")
    assert regulars("home", "restore", "copy.tar", "--home", "home").code == 0
    command = ("score", "store", "--as-of", AS_OF, "--horizon-days", 60, "--home", "home", "--out", "again.parquet")
    assert regulars(*command).code == 0
    recorded = pq.read_table(folder / "scores.parquet")["expected_purchases"].to_pylist()
    assert pq.read_table(folder / "again.parquet")["expected_purchases"].to_pylist() == pytest.approx(recorded)
