"""Rows of small tables: cells as text from any format, and numbers, lists and times in them."""

from pathlib import Path

import pandas as pd

from planning.text_rows import Faults, all_of, between, number, one_of, read_text_rows, times, words, yes_or_no


def test_a_table_is_the_same_from_csv_and_parquet(tmp_path: Path) -> None:
    """Blank cells are absent, blank rows left out, white space trimmed."""
    frame = pd.DataFrame({"customer_id": ["c1", "c2", None], "rep": [" R1 ", None, None]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    found = [read_text_rows(tmp_path / name, "plan", Faults()) for name in ("t.csv", "t.parquet")]
    for header, rows in found:
        assert header == ["customer_id", "rep"]
        assert [row.cells for row in rows] == [{"customer_id": "c1", "rep": "R1"}, {"customer_id": "c2"}]
        assert [row.number for row in rows] == [1, 2]


def test_a_row_with_too_many_cells_is_faulty(tmp_path: Path) -> None:
    """It is written with its text, and the file of faults reads as a table again."""
    (tmp_path / "t.csv").write_text("customer_id,rep\nc1,R1\nc2,R2,x\n")
    faults = Faults()
    assert len(read_text_rows(tmp_path / "t.csv", "plan", faults)[1]) == 1
    faults.write(tmp_path / "q.csv")
    assert pd.read_csv(tmp_path / "q.csv")["row_number"].tolist() == [2]
    Faults().write(tmp_path / "q.csv")
    assert not (tmp_path / "q.csv").exists()


def test_cells_are_read_or_named() -> None:
    """Numbers with a comma, lists in two forms, yes and no; what could be two things is nothing."""
    assert [number(text) for text in ("52,5", "1,234", "1e3", "-4")] == [52.5, None, None, -4.0]
    assert words("a;b|a") == words("['a', 'b']") == ["a", "b"]
    assert between(0, 10)("10") is None
    assert between(0, 10)("10.5") == "is out of range: expected 0 to 10"
    assert one_of(("a", "b"))("c") == "is unknown: expected a, b"
    assert all_of(("a", "b"))("a;c") == "has 'c': expected a, b"
    assert (yes_or_no("Yes"), yes_or_no("perhaps")) == (None, "is neither yes nor no")


def test_times_are_in_the_zone(tmp_path: Path) -> None:
    """Without an offset that of the business; a faulty one has its reason by position."""
    (tmp_path / "t.csv").write_text("customer_id,at\na,2026-06-01 12:00\nb,soon\nc,\nd,2026-06-01T12:00:00Z\n")
    rows = read_text_rows(tmp_path / "t.csv", "plan", Faults())[1]
    found, reasons = times(rows, "at", "Europe/Berlin")
    assert list(reasons) == [1]
    assert found[1] is found[2] is None
    assert found[3] - found[0] == 2 * 3_600_000_000  # type: ignore[operator]
