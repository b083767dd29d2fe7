"""Rows of small tables: numbers, lists and times in their cells."""

from planning.text_rows import TextRow, all_of, between, number, one_of, times, words, yes_or_no


def test_cells_are_read_or_named() -> None:
    """Numbers with a comma, lists in two forms, yes and no; what could be two things is nothing."""
    assert [number(text) for text in ("52,5", "1,234", "1e3", "-4")] == [52.5, None, None, -4.0]
    assert words("a;b|a") == words("['a', 'b']") == ["a", "b"]
    assert between(0, 10)("10") is None
    assert between(0, 10)("10.5") == "is out of range: expected 0 to 10"
    assert one_of(("a", "b"))("c") == "is unknown: expected a, b"
    assert all_of(("a", "b"))("a;c") == "has 'c': expected a, b"
    assert (yes_or_no("Yes"), yes_or_no("perhaps")) == (None, "is neither yes nor no")


def test_times_are_in_the_zone() -> None:
    """Without an offset that of the business; a faulty one has its reason by position."""
    cells = ("2026-06-01 12:00", "soon", "", "2026-06-01T12:00:00Z")
    rows = [TextRow("t.csv", number, {"at": cell} if cell else {}) for number, cell in enumerate(cells, 1)]
    found, reasons = times(rows, "at", "Europe/Berlin")
    assert list(reasons) == [1]
    assert found[1] is found[2] is None
    assert found[3] - found[0] == 2 * 3_600_000_000  # type: ignore[operator]
