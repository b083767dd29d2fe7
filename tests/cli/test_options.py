"""Options that verbs share: dates, files, and raw files in place of a store."""

from pathlib import Path

import pytest
import typer

from cli.options import check_date, check_dates, check_picture_file, check_writable


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
