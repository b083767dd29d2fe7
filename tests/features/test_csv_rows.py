"""Rows leave a CSV file, and what stays is as it was."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.csv_rows import read_csv_rows, replace_csv_rows

CELLS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\0\ufeff"), max_size=5)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=3), min_size=1, max_size=4))
def test_rows_are_read_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    """Line ends, quotes and commas in cells among them."""
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    path.write_text("a,b\n")
    replace_csv_rows(path, rows)
    assert read_csv_rows(path) == rows


@pytest.mark.parametrize(
    "content", [b"a,b\n1,2\n", b"\xef\xbb\xbfa,b\n1,2\n", b'"a","b"\n"1","2"\n', b'\xef\xbb\xbf"a","b"\n"1","\xff"\n']
)
def test_mark_quotes_and_bytes_stay(tmp_path: Path, content: bytes) -> None:
    """Also bytes that are no UTF-8."""
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    replace_csv_rows(path, read_csv_rows(path))
    assert path.read_bytes() == content
