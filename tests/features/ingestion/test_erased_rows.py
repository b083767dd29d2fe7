"""Rows of erased customers are left out as their ids are read, before validation."""

from pathlib import Path

import pytest

from features.erasure.store_erasure import erase_from_store
from features.erasure.suppression import suppress
from features.errors import StoreError
from features.ingestion.ingest import ingest
from features.ingestion.profile import parse_profile
from features.store.event_store import open_store


def made(folder: Path, *erased: str) -> Path:
    folder.mkdir()
    suppress(folder, erased)
    return folder


@pytest.mark.parametrize(
    ("profile", "ids"),
    [
        ("", ["anna", " anna ", "ben"]),
        ("[ids]\nfold_case = true\n", ["ANNA", "Anna", "ben"]),
    ],
)
def test_an_id_is_compared_as_the_store_has_it(tmp_path: Path, profile: str, ids: list[str]) -> None:
    """White space and, where the profile says so, capitals do not hide an erased customer."""
    store = made(tmp_path / "store", "anna")
    log = tmp_path / "log.csv"
    log.write_text("customer_id,event_time,event_type\n" + "".join(f"{name},2024-01-05,usage\n" for name in ids))
    report = ingest(log, store, profile=parse_profile(profile, "test"))
    assert report.suppressed == 2
    assert open_store(store).customer_ids.to_pylist() == ["ben"]


def test_an_id_is_compared_as_the_log_has_it_too(tmp_path: Path) -> None:
    """A later ingest may fold capitals; who was erased as ANNA does not come back as anna."""
    store = made(tmp_path / "store", "ANNA")
    log = tmp_path / "log.csv"
    log.write_text("customer_id,event_time,event_type\n ANNA ,2024-01-05,usage\nben,2024-01-05,usage\n")
    report = ingest(log, store, profile=parse_profile("[ids]\nfold_case = true\n", "test"))
    assert report.suppressed == 1
    assert open_store(store).customer_ids.to_pylist() == ["ben"]


def test_a_row_that_cannot_be_split_is_left_out_too(tmp_path: Path) -> None:
    """It would go to the quarantine as it is."""
    store = made(tmp_path / "store", "anna")
    log = tmp_path / "log.csv"
    log.write_text("customer_id,event_time,event_type\nben,2024-01-05,usage\nanna,2024-01-05,usage,too,many\nb,1\n")
    report = ingest(log, store, accept_quarantine=True)
    assert (report.kept, report.quarantined, report.suppressed) == (1, 1, 1)


def test_a_report_without_erased_rows_does_not_speak_of_them(tmp_path: Path) -> None:
    """Its JSON is that of a store from which nobody was erased."""
    log = tmp_path / "log.csv"
    log.write_text("customer_id,event_time,event_type\nben,2024-01-05,usage\n")
    assert "suppressed" not in ingest(log, tmp_path / "store").as_dict()


def test_who_is_erased_before_the_store_is_locked_does_not_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list was read before: the store stays as it was, and the same command again leaves the rows out."""
    log = tmp_path / "log.csv"
    log.write_text("customer_id,event_time,event_type\nanna,2024-01-05,usage\nben,2024-01-05,usage\n")
    ingest(log, tmp_path / "store")

    def erase(*arguments: object) -> list[str]:
        erase_from_store(tmp_path / "store", ["anna"])
        return []

    with monkeypatch.context() as patch:
        patch.setattr("features.ingestion.ingest.data_digests", erase)
        with pytest.raises(StoreError, match="meanwhile: start again"):
            ingest(log, tmp_path / "store", existing="replace")
    assert open_store(tmp_path / "store").customer_ids.to_pylist() == ["ben"]
    assert len([*(tmp_path / "store").glob("events-*")]) == 1
    assert ingest(log, tmp_path / "store", existing="replace").suppressed == 1
