"""A copy of a home is whole, consistent while fits write, and becomes a home again."""

import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from features.errors import TrackingError
from tests.training.registry.processes import child
from tests.training.stand_in import customer_model
from training.models.bundle import CHAMPION
from training.registry.home_backup import HomeContent, back_up, restore
from training.registry.mlflow_client import Tracking, open_tracking
from training.registry.runs import log_text, run_file, runs, start_run
from training.registry.settings import TrackingSettings
from training.registry.versions import load, move_alias, register, version, versions


@pytest.fixture
def fitted(tracking: Tracking) -> Tracking:
    """Two versions, the first in service, and a file of a run."""
    for rate in (0.01, 0.02):
        with start_run(tracking, "fit") as fit:
            log_text(fit, "verdict.json", "{}")
            register(fit, customer_model(rate))
    move_alias(tracking, CHAMPION, 1, None)
    return tracking


HALVED = "is no whole archive|is no backup of a home|are not in|is damaged|not what was registered"


def test_leftovers_of_a_killed_backup_are_removed(fitted: Tracking, home: Path, tmp_path: Path) -> None:
    """By the next backup to the same target; what belongs to another target stays."""
    for name in ("copy.tar.gz", "other.tar.gz"):
        (tmp_path / f".{name}.01234567.part" / "home").mkdir(parents=True)
    back_up(home, tmp_path / "copy.tar.gz")
    assert [path.name for path in tmp_path.glob(".*")] == [".other.tar.gz.01234567.part"]


@pytest.mark.parametrize("name", ["copy", "copy.tar", "copy.tar.gz"])
def test_a_restored_home_is_the_one_that_was_backed_up(fitted: Tracking, home: Path, tmp_path: Path, name: str) -> None:
    """Runs, versions, aliases and files, from a folder or an archive; the original is not touched by its use."""
    assert back_up(home, tmp_path / name) == HomeContent(2, 2, ())
    assert restore(tmp_path / name, tmp_path / "new" / "var") == HomeContent(2, 2, ())
    copy = open_tracking(tmp_path / "new" / "var")
    assert [each.number for each in versions(copy)] == [2, 1]
    champion = version(copy, CHAMPION)
    assert champion is not None
    assert str(tmp_path / "new").replace(" ", "%20") in champion.source
    assert 1 / load(copy, champion).purchases.bg_nbd_.params_["alpha"] == pytest.approx(0.01)
    assert run_file(copy, champion.run_id, "verdict.json", tmp_path)
    with start_run(copy, "fit") as fit:
        register(fit, customer_model(0.03))
    assert len(versions(fitted)) == 2
    assert not list(tmp_path.glob(".*"))


BUSY = """
import sys
from tests.training.stand_in import customer_model
from training.registry.mlflow_client import open_tracking
from training.registry.runs import start_run
from training.registry.versions import register
tracking = open_tracking(sys.argv[1])
while True:
    with start_run(tracking, "fit") as fit:
        register(fit, customer_model(0.5))
    print("registered", file=sys.stderr, flush=True)
"""


@pytest.mark.slow
def test_a_backup_while_fits_run_is_consistent(fitted: Tracking, home: Path, tmp_path: Path) -> None:
    """Each version in the copy can be loaded, however many come meanwhile."""
    busy = child(BUSY, home)
    try:
        assert busy.stderr is not None
        for number in range(3):
            busy.stderr.readline()
            content = back_up(home, tmp_path / f"copy{number}")
            assert content.versions > 2
            copied = open_tracking(tmp_path / f"copy{number}")
            assert len([load(copied, each) for each in versions(copied)]) == content.versions
            assert set(runs(copied)["status"]) <= {"FINISHED", "RUNNING"}
    finally:
        busy.kill()
        busy.communicate()


def test_files_that_changed_or_are_gone_are_no_backup(fitted: Tracking, home: Path, tmp_path: Path) -> None:
    """One line names the version, and nothing is left at the target."""
    [first, second] = sorted((home / "artifacts").rglob("model.joblib"), key=lambda file: file.stat().st_mtime_ns)
    first.write_bytes(first.read_bytes() + b"more")
    with pytest.raises(TrackingError, match="the files of version 1 are not what was registered"):
        back_up(home, tmp_path / "copy")
    second.parents[3].rename(tmp_path / "away")
    with pytest.raises(TrackingError, match="the files of version"):
        back_up(home, tmp_path / "copy.tar")
    assert not list(tmp_path.glob("*copy*"))


def test_files_elsewhere_are_named(home: Path, tmp_path: Path) -> None:
    """They are not copied: their store has its own backup."""
    with start_run(open_tracking(home, settings=TrackingSettings(str(tmp_path / "files"))), "fit") as fit:
        register(fit, customer_model())
    assert back_up(home, tmp_path / "copy.tgz") == HomeContent(1, 1, (1,))


def test_nothing_is_overwritten(fitted: Tracking, home: Path, tmp_path: Path) -> None:
    """Neither by a backup nor by a restoration; what is no backup is refused."""
    (tmp_path / "taken").touch()
    with pytest.raises(TrackingError, match="name a new file or folder"):
        back_up(home, tmp_path / "taken")
    back_up(home, tmp_path / "copy.tar")
    with pytest.raises(TrackingError, match="there is a home in"):
        restore(tmp_path / "copy.tar", home)
    with pytest.raises(TrackingError, match="no home in"):
        back_up(tmp_path / "nowhere", tmp_path / "other")
    with pytest.raises(TrackingError, match="there is no backup at"):
        restore(tmp_path / "nowhere", tmp_path / "var")
    with tarfile.open(tmp_path / "other.tar", "w") as archive:
        archive.add(tmp_path / "taken", "taken")
    with pytest.raises(TrackingError, match="is no backup of a home"):
        restore(tmp_path / "other.tar", tmp_path / "var")
    # what is missed first depends on where the half ends
    whole = (tmp_path / "copy.tar").read_bytes()
    (tmp_path / "half.tar").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TrackingError, match=HALVED):
        restore(tmp_path / "half.tar", tmp_path / "var")
    assert not (tmp_path / "var" / "mlflow.db").exists()


def test_a_database_in_use_is_copied_as_it_was(fitted: Tracking, home: Path, tmp_path: Path) -> None:
    """A transaction that is not over is not in the copy."""
    with closing(sqlite3.connect(home / "mlflow.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM model_versions")
        assert back_up(home, tmp_path / "copy").versions == 2
        other.execute("ROLLBACK")
