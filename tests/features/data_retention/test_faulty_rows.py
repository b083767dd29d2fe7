"""Old rows leave files of faulty rows; the others stay as they are, to the byte."""

from pathlib import Path

import pytest

from features.as_of import AsOf
from features.data_retention.faulty_rows import remove_old_rows
from features.timezones import business_timezone

EARLIEST = AsOf.parse("2024-03-01", "Europe/Berlin").time
ZONE = business_timezone("Europe/Berlin")
COLUMNS = ("event_time", "recorded_at")
HEAD = "row_number,event_time,recorded_at\n"


def left(tmp_path: Path, text: str, *, without_time: bool = False) -> str:
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
    before = path.stat().st_ino
    removed = remove_old_rows(path, EARLIEST, COLUMNS, ZONE, without_time=without_time)
    assert (path.stat().st_ino != before) == (removed > 0)
    return path.read_text(encoding="utf-8", errors="surrogateescape")


@pytest.mark.parametrize(
    ("row", "stays"),
    [
        ("1,2024-02-29 23:59,", False),
        ("1,2024-03-01 00:00,", True),
        ("1,2024-02-29T23:00Z,", True),
        ("1,2024-02-01,2024-03-02", True),
        ("1,,2024-02-02", False),
        ("1,once,2024-02-02", False),
        ("1,once,", True),
        ("1,,", True),
        ("1", True),
    ],
)
def test_the_latest_readable_time_decides(tmp_path: Path, row: str, stays: bool) -> None:
    """In the business time zone; a row of no time stays while its file is recent."""
    assert left(tmp_path, f"{HEAD}{row}\n2,2024-05-01,\n") == HEAD + (f"{row}\n" if stays else "") + "2,2024-05-01,\n"


def test_rows_of_no_time_are_as_old_as_their_file(tmp_path: Path) -> None:
    """They go with it."""
    assert left(tmp_path, f"{HEAD}1,once,\n2,2024-05-01,\n", without_time=True) == f"{HEAD}2,2024-05-01,\n"


def test_byte_order_mark_quotes_and_bytes_stay(tmp_path: Path) -> None:
    """What is not UTF-8 too, line ends within cells too."""
    kept = '\ufeff"row_number","event_time"\n"b\udcff\nc","2024-05-01"\n'
    assert left(tmp_path, kept + '"a","2024-01-01"\n') == kept


def test_a_file_without_times_or_rows_stays(tmp_path: Path) -> None:
    """It names nothing old."""
    for text in ("", HEAD, "a,b\n1,2\n"):
        assert left(tmp_path, text) == text


def test_a_count_changes_nothing(tmp_path: Path) -> None:
    """It says what would leave."""
    path = tmp_path / "rows.csv"
    path.write_text(f"{HEAD}1,2024-01-01,\n")
    assert remove_old_rows(path, EARLIEST, COLUMNS, ZONE, without_time=False, dry_run=True) == 1
    assert path.read_text() == f"{HEAD}1,2024-01-01,\n"
