"""`regulars erase`: everything that names a customer is changed or listed, and a second run proves it."""

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from features.erasure.file_erasure import erase_from_file
from features.erasure.id_patterns import IdPattern
from features.errors import StoreError
from features.store.event_store import open_store
from features.store.generations import locked
from serving.forecast_log.pseudonyms import PseudonymKeys
from tests.cli.conftest import FAULTY, LOG, Ended
from tests.serving.forecast_log.test_erasure import piece

Regulars = Callable[..., Ended]


@pytest.fixture
def place(tmp_path: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of two generations with a quarantine and a customers' table, and scores of it; temporary files apart."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "log.csv").write_text(LOG + FAULTY * 1)
    (tmp_path / "more.csv").write_text("customer_id,event_time,event_type\nanna,2024-05-01,usage\n")
    (tmp_path / "customers.csv").write_text("customer_id,rep\nanna,R1\nben,R1\n")
    assert regulars("ingest", "log.csv", "--out", "store", "--accept-quarantine").code == 0
    assert regulars("append", "more.csv", "--store", "store").code == 0
    assert regulars("customers", "customers.csv", "--store", "store").code == 0
    for name in ("scores/s.parquet", "scores/s.csv", "scores/s.xlsx"):
        assert regulars("score", "store", "--as-of", "2024-06-01", "--out", name).code == 0
    (tmp_path / "scores/page.html").write_text("<td>anna</td>")
    return tmp_path


def test_an_erasure_leaves_nothing_and_a_second_run_proves_it(place: Path, regulars: Regulars) -> None:
    """Store, generations, customers' table and scores; the others are all still there."""
    ended = regulars("erase", "store", "--customer-id", "anna", "--in", "scores")
    assert ended.code == 0
    assert "1 customer: none of" in ended.error
    ended = regulars("erase", "store", "--customer-id", "anna", "--in", "scores", "--check", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["values"]["left"] == []
    assert open_store(place / "store").customer_ids.to_pylist() == ["ben", "cleo"]
    assert "ben" in (place / "scores/s.csv").read_text()
    assert not (place / "scores/page.html").exists()
    assert regulars("ingest", "log.csv", "--out", "store", "--replace", "--accept-quarantine").code == 0
    assert regulars("customers", "customers.csv", "--store", "store").code == 0
    assert regulars("erase", "store", "--customer-id", "anna", "--check").code == 0


def test_what_is_not_changed_is_listed_and_ends_with_1(place: Path, regulars: Regulars) -> None:
    """A file of an unknown kind is named; --check changes nothing and lists all."""
    (place / "scores/model.bin").write_bytes(b"\0anna\0")
    ended = regulars("erase", "store", "--customer-id", "anna", "--in", "scores", "--check")
    assert ended.code == 1
    for name in ("customers.arrow", "customers.parquet", "s.parquet", "s.csv", "s.xlsx", "page.html", "model.bin"):
        assert name in ended.error
    ended = regulars("erase", "store", "--customer-id", "anna", "--in", "scores")
    assert ended.code == 1
    assert "scores/model.bin" in ended.error
    assert "1 customer: 1 of" in ended.error


def test_what_a_killed_ingest_left_beside_the_store_is_listed(place: Path, regulars: Regulars) -> None:
    """Copies of sources that workers were to read, which the next such ingest removes."""
    (place / ".store.abcdefgh.sources").mkdir()
    (place / ".store.abcdefgh.sources/part-0.csv").write_text("customer_id\nanna\n")
    ended = regulars("erase", "store", "--customer-id", "anna", "--in", "scores", "--json")
    assert ended.code == 1
    assert [Path(path).parent.name for path in json.loads(ended.out)["values"]["left"]] == [".store.abcdefgh.sources"]


def test_ids_come_from_a_file_and_the_key_may_be_elsewhere(place: Path, regulars: Regulars) -> None:
    """One id a line; the key is made with mode 600, and without it the log cannot be read any more."""
    (place / "ids.txt").write_text("anna\n\ncleo\n")
    ended = regulars("erase", "store", "--ids", "ids.txt", "--in", "scores", "--suppression-key", "keys/key")
    assert ended.code == 0
    assert "2 customers: none of" in ended.error
    assert (place / "keys/key").stat().st_mode & 0o777 == 0o600
    shutil.rmtree(place / "keys")
    ended = regulars("ingest", "log.csv", "--out", "store", "--replace")
    assert ended.code == 1
    assert "put it back" in ended.error


def test_the_forecast_log_is_erased_too(place: Path, regulars: Regulars) -> None:
    """By pseudonyms; a check counts the rows."""
    keys = PseudonymKeys(place / "flog-keys")
    piece(place / "flog", keys, "2026Q4", "anna", "ben")
    arguments = ("erase", "store", "--customer-id", "anna", "--in", "scores", "--forecast-log", "flog")
    ended = regulars(*arguments, "--check")
    assert ended.code == 1
    assert ended.error.endswith(" files still name them, and 1 row of the forecast log is theirs\n")
    ended = regulars(*arguments)
    assert ended.code == 0
    assert "1 row removed from the forecast log" in ended.error
    ended = regulars(*arguments, "--check")
    assert ended.code == 0
    assert "warning" not in ended.error


def test_a_forecast_log_without_its_keys_is_warned_of(place: Path, regulars: Regulars) -> None:
    """Nobody can be found there; a file that holds no key is one line."""
    piece(place / "flog", PseudonymKeys(place / "elsewhere"), "2026Q4", "anna")
    arguments = ("erase", "store", "--customer-id", "anna", "--in", "scores", "--forecast-log", "flog")
    assert "warning: flog-keys has no key of the forecast log" in regulars(*arguments).error
    (place / "flog-keys").mkdir()
    (place / "flog-keys" / "2026Q4.key").write_text("short")
    (place / "flog-keys" / "2026Q4.key").chmod(0o600)
    ended = regulars(*arguments)
    assert ended.code == 1
    assert "a file of flog-keys is not a key of the forecast log" in ended.error
    (place / "flog-keys" / "2026Q4.key").unlink()
    next((place / "flog").rglob("*.parquet")).write_text("junk")
    assert "is no piece of a forecast log" in regulars(*arguments).error


def test_jobs_and_tables_are_erased_too(place: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by `--in` or by the settings of the service; a check lists what names the customer."""
    table = "sqlite:///scores.db?table=scores"
    assert regulars("score", "store", "--as-of", "2024-06-01", "--out", table).code == 0
    job, other = (place / "jobs" / (32 * letter) for letter in "ab")
    for folder, name in ((job, "anna"), (other, "ben")):
        folder.mkdir(parents=True)
        (folder / "job.json").write_text("{}")
        (folder / "body").write_text(json.dumps({"customer_ids": [name]}))
    monkeypatch.setenv("REGULARS_SERVE_JOBS", "jobs")
    arguments = ("erase", "store", "--customer-id", "anna", "--in", "scores", "--in", table)
    ended = regulars(*arguments, "--check")
    assert ended.code == 1
    for name in (f"{job}/body"[-20:], "scores.db", table):
        assert name in ended.error
    ended = regulars(*arguments)
    assert (ended.code, "job removed" in ended.error, "1 row removed" in ended.error) == (0, True, True)
    assert (job.exists(), other.exists()) == (False, True)
    monkeypatch.setenv("REGULARS_SERVE_SCORES", table)
    assert regulars(*arguments[:4], "--in", "scores", "--check").code == 0
    assert regulars("score", "store", "--as-of", "2024-06-01", "--out", table).code == 0
    assert regulars(*arguments[:4], "--in", "scores", "--check").code == 0


def test_what_the_settings_name_and_is_not_there_yet_holds_nobody(
    place: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was scored, planned or asked for yet: each place is mentioned, and the erasure is done."""
    sqlite3.connect(place / "other.db").close()
    names = {"JOBS": "jobs", "PLANS": "plans", "REPORT": "report.html", "FORECAST_LOG": "flog"}
    for name, path in names.items():
        monkeypatch.setenv(f"REGULARS_SERVE_{name}", path)
    monkeypatch.setenv("REGULARS_RETRAIN_OUT", "runs")
    for file in ("nowhere.db", "other.db"):
        monkeypatch.setenv("REGULARS_SERVE_SCORES", f"sqlite:///{file}?table=scores")
        ended = regulars("erase", "store", "--customer-id", "anna", "--in", "scores")
        assert ended.code == 0
        assert f"sqlite:///{file}?table=scores is not there: nothing has been scored into it yet" in ended.error
        for missing in ("jobs", "plans", "report.html", "flog", "runs"):
            assert f"\n{missing}, [" in f"\n{ended.error}"
    assert not (place / "nowhere.db").exists()
    assert open_store(place / "store").n_customers == 2


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        (
            "SCORES",
            "postgresql://ann@127.0.0.1:1/shop?table=scores",
            "127.0.0.1:1/shop?table=scores cannot be reached",
        ),
        ("FORECAST_LOG", "log.csv", "forecast_log of the settings, is a file: name a folder"),
    ],
    ids=["a database that is away", "a log that is a file"],
)
def test_what_may_hold_anybody_is_refused_before_anything_leaves(
    place: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, reason: str
) -> None:
    """It is not taken for a place that is not there yet."""
    monkeypatch.setenv(f"REGULARS_SERVE_{setting}", value)
    ended = regulars("erase", "store", "--customer-id", "anna", "--in", "scores")
    assert (ended.code, reason in ended.error) == (1, True)
    assert open_store(place / "store").n_customers == 3


def test_plans_runs_and_the_report_of_the_settings_are_erased_too(
    place: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any `--in`."""
    for file in ("plans/week.ics", "runs/2024-06-01T120000Z/report/report.html", "report.html"):
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        (place / file).write_text("anna")
    for name, path in {"SERVE_PLANS": "plans", "SERVE_REPORT": "report.html", "RETRAIN_OUT": "runs"}.items():
        monkeypatch.setenv(f"REGULARS_{name}", path)
    assert regulars("erase", "store", "--customer-id", "anna").code == 0
    assert not [*(place / "plans").iterdir(), *place.rglob("report.html")]


def test_nobody_writes_to_the_store_while_its_files_are_erased_from(
    place: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of a customers' table that were read before would be written after."""
    taken = []

    def erase(path: Path, pattern: IdPattern) -> str:
        with pytest.raises(StoreError, match="another process is writing"):
            locked(place / "store")
        taken.append(path.name)
        return erase_from_file(path, pattern)

    monkeypatch.setattr("features.erasure.file_erasure.erase_from_file", erase)
    assert regulars("erase", "store", "--customer-id", "anna", "--in", "scores").code == 0
    assert "customers.parquet" in taken


def test_an_id_that_nobody_has_is_warned_of_once(place: Path, regulars: Regulars) -> None:
    """A typing error is no erasure; a second run of a true one is."""
    erased = ("erase", "store", "--in", "scores", "--customer-id")
    assert "warning: nobody is no customer of store: is the spelling right?" in regulars(*erased, "nobody").error
    assert "warning" not in regulars(*erased, "anna").error
    assert "warning" not in regulars(*erased, "anna").error
    (place / "ids.txt").write_text("anna\n", encoding="utf-16")
    ended = regulars("erase", "store", "--ids", "ids.txt")
    assert ended.code == 2
    assert "ids.txt is not text in UTF-8" in " ".join(ended.error.split())


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("erase store", 2, "no customer is given: name one with --customer-id"),
        ("erase nowhere --customer-id anna", 1, "nowhere holds no event store"),
        ("erase store --customer-id anna --in nowhere", 2, "'nowhere' does not exist"),
    ],
)
def test_a_wrong_call_changes_nothing(place: Path, regulars: Regulars, line: str, code: int, said: str) -> None:
    """It is said in one line."""
    ended = regulars(*line.split())
    assert ended.code == code
    assert said in ended.error
    assert open_store(place / "store").n_customers == 3
