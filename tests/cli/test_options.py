"""Options that verbs share: dates, files, and raw files in place of a store."""

from pathlib import Path

import pytest
import typer

from cli.options import check_date, check_dates, check_picture_file, check_writable, opened_store
from features.encryption.volumes import Volume
from features.errors import SettingsError, SourceError
from features.store.event_store import open_store
from tests.cli.conftest import FAULTY, LOG


@pytest.mark.parametrize("text", ["2024-05-01", "2024-05-01T09:30:00+01:00", "1900-01-01", "2200-12-31"])
def test_a_date_or_time_is_passed_on_as_it_is(text: str) -> None:
    """Dates and times of the contract's years, the first and the last included."""
    assert check_date(text) == text
    assert check_date(None) is None


@pytest.mark.parametrize("text", ["May", "9:30", "10/06/2011", "1899-12-31", "2201-01-01", ""])
def test_anything_else_is_a_wrong_argument(text: str) -> None:
    """A word, a time of day, another form, and years outside the contract."""
    with pytest.raises(typer.BadParameter):
        check_date(text)


def test_each_of_several_dates_is_checked() -> None:
    """All are passed on, or the first that is none is named."""
    assert check_dates(["2024-05-01", "2024-06-01"]) == ["2024-05-01", "2024-06-01"]
    assert check_dates(None) is None
    with pytest.raises(typer.BadParameter, match="'May' is not a date"):
        check_dates(["2024-05-01", "May"])


def test_a_picture_has_the_name_of_a_format(tmp_path: Path) -> None:
    """In capitals too; anything else is a wrong argument."""
    assert check_picture_file(tmp_path / "skill.SVG") == tmp_path / "skill.SVG"
    assert check_picture_file(None) is None
    with pytest.raises(typer.BadParameter, match=r"name it \.svg or \.png or \.pdf"):
        check_picture_file(tmp_path / "skill.gif")


def test_a_file_in_new_folders_can_be_written(tmp_path: Path) -> None:
    """Missing folders are no obstacle; a file in place of a folder is."""
    assert check_writable(tmp_path / "a" / "b.parquet") == tmp_path / "a" / "b.parquet"
    assert check_writable(None) is None
    (tmp_path / "file").touch()
    with pytest.raises(typer.BadParameter, match="nothing can be written to"):
        check_writable(tmp_path / "file" / "b.parquet")


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
