"""The STORE argument: a store or a raw file; who is erased while a verb is at work is in nothing that it writes."""

import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import features.store.event_store
from cli.opened_store import opened_store
from features import atomic_file
from features.encryption.volumes import Volume
from features.erasure.id_patterns import IdPattern
from features.erasure.id_search import files_in, names_customer
from features.erasure.store_erasure import erase_from_store
from features.errors import SettingsError, SourceError
from features.store.event_store import EventStore, open_store
from tests.cli.conftest import FAULTY, LOG, Ended
from tests.training.logs import simulated, stored

Regulars = Callable[..., Ended]
TABLE = "sqlite:///scores.db?table=scores"
OTHERWISE = {
    "erase": "it takes customers out",
    "prune": "it takes customers out",
    "store": "it writes nothing",
    "record": "it reads ids alone, and appends as `append` does",
    "customers_file": "it reads the time zone alone",
    "retrain": "it refuses the steps that name customers by itself",
    "opened_store": "it is the one that refuses",
}
"""The modules of the command that open a store themselves, and why they may."""


def test_a_store_is_opened_where_it_is(store: Path) -> None:
    """The same folder and digest as `open_store`."""
    with opened_store(str(store)) as events:
        assert events.manifest == open_store(store).manifest


def test_a_raw_file_is_ingested_into_a_folder_that_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its good rows are events, its faulty rows are counted, and nothing is left."""
    (tmp_path / "log.csv").write_text(LOG + FAULTY)
    with (
        pytest.raises(SourceError, match=r"log.csv: 1 of 7 rows \(14.3%\) are faulty"),
        opened_store(f"{tmp_path}/log.csv"),
    ):
        pass
    monkeypatch.setenv("REGULARS_INGEST_ACCEPT_QUARANTINE", "true")
    with opened_store(str(tmp_path / "log.csv")) as events:
        folder = events.folder
        assert events.n_customers == 3
    assert "1 faulty row left out" in capsys.readouterr().err
    assert not folder.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def test_the_temporary_store_of_a_raw_file_has_to_be_encrypted_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the settings demand an encrypted volume."""
    (tmp_path / "log.csv").write_text("customer_id,event_time,event_type\na,2024-01-01,usage\n")
    (tmp_path / "regulars.toml").write_text("[encryption]\nrequire_encrypted_volume = true\n")
    monkeypatch.setenv("REGULARS_CONFIG", str(tmp_path / "regulars.toml"))
    monkeypatch.setattr("features.encryption.volumes.volume_of", lambda path: Volume(False, "a plain disk"))
    with pytest.raises(SettingsError, match="lies on a plain disk"), opened_store(str(tmp_path / "log.csv")):
        pass


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that no test changes."""
    folder = tmp_path_factory.mktemp("shop")
    stored(simulated(120), folder)
    return folder / "store"


@pytest.fixture
def erased_after_opening(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A copy of the store, of which a customer is erased as soon as a verb has opened it: who that is."""
    shutil.copytree(shop, tmp_path / "store")
    name: str = open_store(shop).customer_ids[7].as_py()

    def open_then_erase(path: str | Path) -> EventStore:
        opened = open_store(path)
        with monkeypatch.context() as patch:  # another process has no part in what this one refuses
            patch.setattr(atomic_file, "_checks", [])
            erase_from_store(path, [name])
        return opened

    monkeypatch.setattr(features.store.event_store, "open_store", open_then_erase)
    return name


@pytest.mark.parametrize(
    "line",
    [
        "score store --as-of 2024-03-01 --rule-only --out scores.csv",
        "score store --as-of 2024-03-01 --rule-only --out scores",
        f"score store --as-of 2024-03-01 --rule-only --out {TABLE}",
        f"score store --as-of 2024-03-01 --as-of 2024-04-01 --rule-only --out {TABLE} --home home",
        "features store --as-of 2024-03-01 --out features.parquet",
        "features store --as-of 2024-03-01 --out features",
        "export store --out for-analysts --key key --as-of 2024-03-01",
        "plan store --out plans/one --as-of 2024-03-01 --home none",
        "backtest store --as-of 2024-03-01 --horizon-days 30 --model own_rate --quick --out forecasts.parquet",
    ],
)
def test_who_is_erased_meanwhile_does_not_come_back(
    line: str, erased_after_opening: str, regulars: Regulars, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verb ends with one line and leaves nothing, not in hidden folders either; a store opened again is fine."""
    monkeypatch.setenv("REGULARS_CANDIDATES_BASELINES", "base_rate")
    ended = regulars(*line.split())
    assert ended.code == 1, ended.error
    assert (
        "customers were erased from store after it was opened here, so nothing is written: start again" in ended.error
    )
    gone = IdPattern([erased_after_opening])
    assert not [file for file in files_in([tmp_path]) if names_customer(file, gone)]
    if (tmp_path / "scores.db").exists():
        with closing(sqlite3.connect(tmp_path / "scores.db")) as connection:
            assert not connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert not (tmp_path / "for-analysts").exists()
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    with opened_store("store") as events:
        assert erased_after_opening not in events.customer_ids.to_pylist()


def test_what_was_there_before_stays(erased_after_opening: str, regulars: Regulars, tmp_path: Path) -> None:
    """An erasure that names the file has taken the customer out of it."""
    (tmp_path / "scores.csv").write_text("of the week before")
    assert regulars("score", "store", "--as-of", "2024-03-01", "--rule-only", "--out", "scores.csv").code == 1
    assert (tmp_path / "scores.csv").read_text() == "of the week before"


def test_verbs_open_stores_in_one_way() -> None:
    """By `opened_store`, which refuses; of those that do it otherwise the reason is stated."""
    folder = Path(__file__).parents[2] / "cli"
    found = {file.stem for file in folder.glob("*.py") if re.search(r"(?<!def )\bopen_store\(", file.read_text())}
    assert found == set(OTHERWISE)
