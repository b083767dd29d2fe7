"""The report says what faulty values look like, and whether the rows lost differ from those that were kept."""

from pathlib import Path

from features.ingestion.lost_rows import describe
from features.store.writer import write_store
from tests.features.reading import csv_file, read

HEADER = "customer_id,event_time,event_type,amount"


def lost(tmp_path: Path, *lines: str) -> str:
    result = read(csv_file(tmp_path, *lines, header=HEADER), decimal=".", profile=None)
    return "\n".join(result.report.lost)


def test_amounts_that_are_larger_are_noticed(tmp_path: Path) -> None:
    """Orders above a thousand have a mark that those below have not."""
    lines = [f"c{i},2024-01-{1 + i % 28:02} 10:00,purchase,{20 + i}.50" for i in range(200)]
    lines += [f'd{i},2024-01-{1 + i % 28:02} 10:00,purchase,"1_{200 + i}.50"' for i in range(10)]
    text = lost(tmp_path, *lines)
    assert "10 amount like '1_200.50'" in text
    assert "their amounts differ: the median is about 1,204, of the kept rows 120.00" in text
    assert "of 10 customers in quarantine 10 have no event that was kept" in text
    assert "hours" not in text


def test_hours_that_differ_are_noticed(tmp_path: Path) -> None:
    """Such as all before ten o'clock."""
    lines = [f"c{i % 9},2024-01-{1 + i % 28:02} 1{i % 9}:00,purchase,20" for i in range(200)]
    lines += [f"c{i % 9},2024-01-{1 + i % 28:02}  _9:{i}5,purchase,20" for i in range(6)]
    text = lost(tmp_path, *lines)
    assert "their hours differ: on average 9.0 o'clock, of the kept rows 14.0 o'clock" in text
    assert "amounts differ" not in text
    assert "customers" not in text


def test_rows_like_the_others_are_not_described(tmp_path: Path) -> None:
    """Nor so few that nothing follows from them."""
    lines = [f"c{i % 9},2024-01-{1 + i % 28:02} 10:00,purchase,20" for i in range(200)]
    assert lost(tmp_path, *lines, "c1,2024-01-01 10:00,buy,20") == ""
    text = lost(tmp_path, *lines, *["c1,2024-01-01 10:00,buy,20"] * 6)
    assert text == "6 event_type like 'buy'"


def test_a_file_that_is_no_table_has_no_description(tmp_path: Path) -> None:
    """The report comes all the same."""
    (tmp_path / "quarantine.csv").write_bytes(b"\x00\xff")
    store = write_store(tmp_path / "store", [], timezone="UTC", digest="1")
    assert describe(tmp_path / "quarantine.csv", [], store) == []
