"""With a key no Parquet file that is written names a customer in any byte, and whatever reads such files reads them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from features.encryption.parquet_keys import KEY_VARIABLE
from features.erasure.id_patterns import IdPattern
from features.erasure.id_search import files_in, names_customer
from planning.erasure import erase_from_plan
from planning.plan_folder import read_plan
from planning.records import add_records, read_records
from serving.batch_lookup import lookup_batch_scores
from serving.forecast_log.erasure import erase_from_log
from serving.forecast_log.pseudonyms import PseudonymKeys
from tests.cli.conftest import LOG, Ended
from tests.planning.record_plans import ITEMS, NOW, plan_folder
from tests.planning.test_erasure import hash_of, unmeasured
from tests.serving.forecast_log.test_erasure import piece
from tests.serving.forecast_log.written_logs import log_files

Regulars = Callable[..., Ended]
KEY = bytes(range(32)).hex()


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)


def parquet_files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.parquet")}


def test_exports_are_encrypted_and_read(tmp_path: Path, regulars: Regulars) -> None:
    """Scores and features, as files and in parts; the search of an erasure sees into them, and takes rows out."""
    (tmp_path / "log.csv").write_text(LOG.replace("anna", "planted-anna"))
    assert regulars("ingest", "log.csv", "--out", "store").code == 0
    for verb, name in (("score", "s.parquet"), ("score", "parts"), ("features", "f.parquet"), ("features", "g")):
        assert regulars(verb, "store", "--as-of", "2024-06-01", "--out", f"out/{name}").code == 0
    files = parquet_files(tmp_path / "out")
    assert len(files) == 4
    assert {content[:4] for content in files.values()} == {b"PARE"}
    assert not any(b"planted-anna" in content or b"customer_id" in content for content in files.values())
    assert (
        len([file for file in files_in([tmp_path / "out"]) if names_customer(file, IdPattern(["planted-anna"]))]) == 4
    )
    anna = IdPattern(["planted-anna"])
    assert sum(names_customer(file, anna) for file in files_in([tmp_path / "out"])) == 4
    assert len(lookup_batch_scores(tmp_path / "out/s.parquet", ["planted-anna", "ben"]).rows) == 2
    assert regulars("erase", "store", "--customer-id", "planted-anna", "--in", "out").code == 0
    files = parquet_files(tmp_path / "out")
    assert {content[:4] for content in files.values()} == {b"PARE"}
    assert not any(names_customer(file, anna) for file in files_in([tmp_path / "out"]))
    assert [path.name for path in tmp_path.rglob("*.part")] == []


def test_a_plan_and_its_records_are_encrypted_and_read(tmp_path: Path, regulars: Regulars) -> None:
    """Records, events for the log, and the erasure of a customer."""
    folder = plan_folder(tmp_path / "plan")
    row = {"plan_item": ITEMS["c1"], "status": "done", "done_at": "2026-11-24T10:00", "cost": "7"}
    assert not add_records(folder, [row], NOW, "rep").faults
    assert len(parquet_files(folder)) == 4
    for content in parquet_files(folder).values():
        assert content[:4] == b"PARE"
        assert not any(text.encode() in content for text in ITEMS.values())
    assert read_plan(folder).items["plan_item"].tolist() == list(ITEMS.values())
    assert regulars("ingest", "plan/events.parquet", "--out", "store").code == 0
    assert set(erase_from_plan(folder, IdPattern(["c1"]), unmeasured, hash_of)) == {
        "plan.parquet",
        "records.parquet",
        "known_customers.parquet",
    }
    assert {content[:4] for content in parquet_files(folder).values()} == {b"PARE"}
    assert read_records(folder)["cost"].to_pylist() == [7.0]


def test_the_forecast_log_is_encrypted_and_read(tmp_path: Path) -> None:
    """Its erasure counts rows and writes encrypted files again."""
    keys = PseudonymKeys(tmp_path / "keys")
    piece(tmp_path / "log", keys, "2026Q4", "anna", "ben")
    [path] = log_files(tmp_path / "log")
    assert path.read_bytes()[:4] == b"PARE"
    assert b"champion" not in path.read_bytes()
    assert erase_from_log(tmp_path / "log", keys, ["anna"]) == 1
    assert path.read_bytes()[:4] == b"PARE"


def test_without_the_key_each_reader_says_so_in_one_line(
    tmp_path: Path, regulars: Regulars, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1, nothing written; with another key, which one is needed."""
    (tmp_path / "log.csv").write_text(LOG)
    assert regulars("ingest", "log.csv", "--out", "store").code == 0
    assert regulars("score", "store", "--as-of", "2024-06-01", "--out", "s.parquet").code == 0
    plan_folder(tmp_path / "plans/plan")
    erase = ("erase", "store", "--customer-id", "anna", "--in", "s.parquet", "--check", "--quiet")
    calls = (
        ("ingest", "s.parquet", "--out", "other"),
        erase,
        ("effects", "store", "--plans", "plans", "--out", "effects"),
    )
    for key, said in (("", "is encrypted and no key is set"), ("00" * 32, "needs the key")):
        monkeypatch.setenv(KEY_VARIABLE, key)
        for call in calls:
            ended = regulars(*call)
            assert ended.code == 1
            assert said in ended.error
            assert len(ended.error.strip().splitlines()) == 1
    assert not (tmp_path / "other").exists()
    assert not (tmp_path / "effects").exists()


@pytest.mark.parametrize("at", [8, -30])
def test_a_damaged_file_is_no_proof_of_an_erasure(tmp_path: Path, regulars: Regulars, at: int) -> None:
    """Its bytes name nobody, nor would they if a customer were in it."""
    (tmp_path / "log.csv").write_text(LOG)
    assert regulars("ingest", "log.csv", "--out", "store").code == 0
    assert regulars("score", "store", "--as-of", "2024-06-01", "--out", "s.parquet").code == 0
    content = bytearray((tmp_path / "s.parquet").read_bytes())
    content[at] ^= 1
    (tmp_path / "s.parquet").write_bytes(content)
    ended = regulars("erase", "store", "--customer-id", "anna", "--in", "s.parquet", "--check")
    assert ended.code == 1
    assert "s.parquet is encrypted and damaged, so nobody can tell whom it names" in " ".join(ended.error.split())


def test_spark_is_refused(tmp_path: Path, regulars: Regulars) -> None:
    """Its workers would write plain files."""
    (tmp_path / "log.csv").write_text(LOG)
    ended = regulars("features", "log.csv", "--as-of", "2024-06-01", "--out", "f.parquet", "--engine", "spark")
    assert ended.code == 2
    assert "would write plain files" in " ".join(ended.error.split())
