"""`regulars erase`: places are looked at once, and before anybody leaves; what stops it has a way out."""

import errno
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from features.ingestion.ingest import ingest
from features.store.event_store import open_store
from features.store.generations import locked
from planning.plan_folder import read_plan
from serving.forecast_log.pseudonyms import PseudonymKeys
from tests.cli.conftest import LOG, Ended
from tests.planning.record_plans import plan_folder
from tests.serving.forecast_log.test_erasure import piece

Regulars = Callable[..., Ended]
SCORE = ("score", "store", "--as-of", "2024-06-01", "--out")


@pytest.fixture
def place(tmp_path: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store and scores of it; temporary files apart."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "log.csv").write_text(LOG)
    assert regulars("ingest", "log.csv", "--out", "store").code == 0
    assert regulars(*SCORE, "scores/s.csv").code == 0
    return tmp_path


@pytest.mark.parametrize(
    "where",
    [
        ("plans",),
        ("plans/p1", "./plans/../plans"),
        (".",),
        ("linked", "linked/p1"),
        ("plans/p1/plan.parquet", "plans/p1"),
        ("copies",),
    ],
)
def test_a_plan_that_several_places_lead_to_is_measured_once(
    place: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch, where: tuple[str, ...]
) -> None:
    """Also by the settings, a link, a folder above it, and where copies of it lie; its outcome is that of one plan."""
    monkeypatch.setenv("REGULARS_SERVE_PLANS", str(place / "plans"))
    plan_folder(place / "plans/p1")
    (place / "linked").symlink_to("plans")
    if where == ("copies",):
        shutil.copytree(place / "plans", place / "copies")
    (place / "late.csv").write_text(
        "customer_id,event_time,event_type,amount\nc1,2026-12-01,purchase,9\nben,2027-03-01,usage,\n"
    )
    assert regulars("append", "late.csv", "--store", "store").code == 0
    ended = regulars("erase", "store", "--customer-id", "c1", *(each for path in where for each in ("--in", path)))
    assert (ended.code, "Traceback" in ended.error) == (0, False)
    for folder in {Path("plans/p1"), *(Path(path) / "p1" for path in where if path == "copies")}:
        [row] = [row for row in read_plan(folder).items.to_dict("records") if row["customer_id"].startswith("erased:")]
        assert (row["kept_horizon_days"], row["kept_purchases"], row["kept_planned_in_horizon"]) == (90, 1, 1)


def test_a_link_stays_one_and_what_it_leads_to_is_erased(place: Path, regulars: Regulars) -> None:
    """Written anew in place of the link, the table beyond it would keep the customer."""
    (place / "elsewhere").mkdir()
    shutil.move(place / "scores/s.csv", place / "elsewhere/s.csv")
    (place / "scores/s.csv").symlink_to(place / "elsewhere/s.csv")
    assert regulars("erase", "store", "--customer-id", "anna", "--in", "scores").code == 0
    assert (place / "scores/s.csv").is_symlink()
    assert "anna" not in (place / "elsewhere/s.csv").read_text()


def test_a_table_is_searched_once_however_it_is_spelled(place: Path, regulars: Regulars) -> None:
    """SQLite's file has many paths."""
    assert regulars(*SCORE, "sqlite:///s.db?table=scores").code == 0
    spelled = ("sqlite:///s.db?table=scores", f"sqlite:///{place}/s.db?table=scores", "s.db", f"{place}/s.db")
    places = [each for path in spelled for each in ("--in", path)]
    ended = regulars("erase", "store", "--customer-id", "anna", *places, "--check", "--json")
    left = json.loads(ended.out)["values"]["left"]
    assert sorted(each for each in left if "s.db" in each) == ["s.db", "sqlite:///s.db?table=scores"]
    assert regulars("erase", "store", "--customer-id", "anna", *places).code == 0


@pytest.mark.parametrize("damage", ["plan", "manifest", "records", "encrypted", "held", "log"])
def test_what_cannot_be_read_is_refused_before_anything_leaves(
    place: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    """The line names it and a way out; the store goes on, and without the place the erasure is done."""
    monkeypatch.setenv("REGULARS_SERVE_PLANS", "plans")
    folder, lock = plan_folder(place / "plans/p1"), None
    if damage == "held":
        lock = locked(folder)
    elif damage == "log":
        monkeypatch.setenv("REGULARS_SERVE_FORECAST_LOG", "plans/p1/flog")
        piece(folder / "flog", PseudonymKeys(folder / "flog-keys"), "2026Q4", "anna")
        next((folder / "flog").rglob("*.parquet")).write_text("junk")
    else:
        names = {"plan": "plan.parquet", "manifest": "manifest.json", "records": "records.parquet"}
        (folder / names.get(damage, "sealed.parquet")).write_bytes({"manifest": b"{}"}.get(damage, b"PARE" * 9))
    ended = regulars("erase", "store", "--customer-id", "anna", "--in", "scores")
    assert ended.code == 1
    assert "plans/p1" in ended.error.splitlines()[-1]
    assert open_store(place / "store").n_customers == 3
    assert "anna" in (place / "scores/s.csv").read_text()
    score = (*SCORE, "again.csv")
    assert regulars(*score).code == 0
    if damage != "log":
        assert "nothing is erased yet: mend what the next line names, or move it away" in ended.error
    shutil.move(place / "plans", place.parent / f"{place.name}-{damage}")
    if lock:
        lock.close()
    assert regulars("erase", "store", "--customer-id", "anna", "--in", "scores").code == 0
    assert regulars(*score).code == 0


def test_an_erasure_that_fails_on_its_way_says_how_it_goes_on(
    place: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place is named; without it the next run ends the erasure, and so the store is used again."""
    plan_folder(place / "plans/p1")

    def fail(*_: object) -> dict[str, str]:
        raise PermissionError(errno.EACCES, "Permission denied", "plans/p1/plan.parquet")

    with monkeypatch.context() as patch:
        patch.setattr("planning.erasure.erase_from_plan", fail)
        ended = regulars("erase", "store", "--customer-id", "anna", "--in", "plans")
    assert ended.code == 1
    begun, named = ended.error.splitlines()[-2:]
    assert "the erasure has begun and has not ended: mend what the next line names, or move it away" in begun
    assert named == "regulars: plans/p1/plan.parquet: Permission denied"
    score = (*SCORE, "again.csv")
    refused = regulars(*score)
    assert (refused.code, "`regulars erase store` ends it; it names what it cannot read" in refused.error) == (1, True)
    assert regulars("erase", "store", "--in", "scores").code == 0
    assert regulars(*score).code == 0


def test_a_table_that_is_given_and_not_there_is_no_success(
    place: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a path that is not there, also when the settings name it too; nothing leaves, no file is made."""
    for address in ("sqlite:///typo.db?table=scores", "sqlite:///empty.db?table=scores"):
        sqlite3.connect(place / "empty.db").close()
        for _ in range(2):
            ended = regulars("erase", "store", "--customer-id", "anna", "--in", address)
            assert (ended.code, f"{address} is not there: is the address right?" in ended.error) == (2, True)
            monkeypatch.setenv("REGULARS_SERVE_SCORES", address)
    assert not (place / "typo.db").exists()
    assert open_store(place / "store").n_customers == 3


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("plans/week/manifest.json", b"{", "manifest.json cannot be read"),
        ("plans/week/manifest.json", b"{}", "has format None, expected 1"),
        ("plans/scores.parquet", b"PARE" + bytes(100) + b"PARE", "is encrypted and no key is set"),
    ],
)
def test_a_file_that_cannot_be_read_leaves_everybody_in_the_store(
    tmp_path: Path,
    regulars: Regulars,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    content: bytes,
    said: str,
) -> None:
    """The settings name it; the error says which, nobody is on the list, and the store is used as before."""
    (tmp_path / "log.csv").write_text(LOG)
    ingest(tmp_path / "log.csv", tmp_path / "store")
    (tmp_path / "plans" / "week").mkdir(parents=True)
    (tmp_path / "plans" / "week" / "plan.parquet").write_bytes(b"PAR1")
    (tmp_path / path).write_bytes(content)
    if not path.endswith(".json"):
        (tmp_path / "plans" / "week" / "plan.parquet").unlink()
    monkeypatch.setenv("REGULARS_SERVE_PLANS", "plans")
    ended = regulars("erase", "store", "--customer-id", "anna")
    assert (ended.code, said in ended.error) == (1, True)
    assert not (tmp_path / "store" / "suppressed.json").exists()
    assert regulars("features", "store", "--as-of", "2024-06-01", "--out", "features.parquet").code == 0
