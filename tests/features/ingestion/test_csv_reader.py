"""CSV files are read without losing a row, whatever is in them, and the same however they are cut into blocks."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import UnreadableSourceError
from features.ingestion import csv_reader, text_encoding
from features.ingestion.csv_format import CsvFormat
from features.ingestion.csv_reader import CsvRows, UnreadableRow, read_csv_rows

Line = tuple[int, int, tuple[str, ...]]


def read(
    data: bytes, csv_format: CsvFormat, block: int = 1 << 20, window: int = 1 << 16
) -> tuple[list[Line], list[UnreadableRow]]:
    """Return (number, line, values) of each row read, and the rows not read."""
    rows: list[Line] = []
    unreadable: list[UnreadableRow] = []
    with (
        TemporaryDirectory() as folder,
        patch.object(text_encoding, "BLOCK", block),
        patch.object(csv_reader, "WINDOW", window),
    ):
        path = Path(folder) / "log.csv"
        path.write_bytes(data)
        for part in read_csv_rows(path, csv_format):
            values = zip(*(column.fill_null("").to_pylist() for column in part.table.columns), strict=True)
            rows += zip(part.numbers.tolist(), part.lines.tolist(), values, strict=True)
            unreadable += part.unreadable
    return rows, unreadable


AB = CsvFormat("utf-8", ",", ("a", "b"), 1)
SCRAPS = (
    *(b"x", b",", b'"', b"\n", b"\r\n", b"\r", b'""', b"xy,z\n", b'"q,\n"', b"\xff", b"\xc3\xa9", b"\0", b" "),
    *(b"1,2\n", b'"a","b"\n', b'"a""b",c\n', b"1,2\r\n", b',"",\n'),
)


@given(st.lists(st.sampled_from(SCRAPS), max_size=40).map(b"".join), st.integers(4, 60), st.integers(1, 30))
def test_blocks_do_not_show(body: bytes, block: int, window: int) -> None:
    """Any bytes give the same rows read whole by Python's reader as in blocks of any size by the fast one."""
    with patch.object(csv_reader, "_read_fast", lambda *_: None):
        rows, unreadable = read(b"a,b\n" + body, AB)
    assert read(b"a,b\n" + body, AB, block, window) == (rows, unreadable)
    assert read(b"a,b\n" + body, AB, 1 << 20, window) == (rows, unreadable)
    numbers = sorted([number for number, _, _ in rows] + [row.number for row in unreadable])
    assert numbers == list(range(1, len(numbers) + 1))


@given(st.lists(st.sampled_from(SCRAPS), max_size=40).map(b"".join))
def test_every_line_with_something_on_it_is_in_a_row(body: bytes) -> None:
    """The rows read, and those not read, hold all the letters of the file."""
    rows, unreadable = read(b"a,b\n" + body, AB)
    held = "".join("".join(values) for _, _, values in rows) + "".join(row.text for row in unreadable)
    for letter in "yzqabc12":
        assert held.count(letter) == body.decode("utf-8", "replace").count(letter)


CELLS = st.text(
    st.one_of(st.sampled_from("ab,;\"\n\r'é \t\0|\u2028\x85\x1c\ufeff"), st.characters(exclude_categories=["Cs"]))
)


@given(
    st.integers(2, 5).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=12)),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]),
    st.integers(128, 400),
    st.integers(1, 60),
)
def test_what_a_csv_writer_writes_is_read_as_it_was(
    rows: list[list[str]], quoting: int, delimiter: str, encoding: str, block: int, window: int
) -> None:
    """Tables of odd values come back whole: as many rows, the same values, none unreadable."""
    names = tuple("abcde"[: len(rows[0])] if rows else "ab")
    text = io.StringIO()
    writer = csv.writer(text, quoting=quoting, delimiter=delimiter)  # type: ignore[arg-type]
    writer.writerows([names, *rows])
    csv_format = CsvFormat(encoding, delimiter, names, 1)
    got, unreadable = read(text.getvalue().encode(encoding), csv_format, block, window)
    assert not unreadable
    assert [list(values) for _, _, values in got] == rows
    assert [number for number, _, _ in got] == list(range(1, len(rows) + 1))


@pytest.mark.parametrize(
    ("body", "texts", "reasons"),
    [
        ("x\n1,2\n", ["x"], ["has 1 fields where the header has 2"]),
        ("1,2,3\n1,2\n", ["1,2,3"], ["has 3 fields where the header has 2"]),
        ('1,"2\n1,2\n', ['1,"2'], ["has a quote out of place, or one that is never closed"]),
        ('1,"2\n3,4\n5,"6"\n1,2\n', ['1,"2'], ["has a quote out of place, or one that is never closed"]),
        ('"1"x,2\n1,2\n', ['"1"x,2'], ["has a quote out of place, or one that is never closed"]),
        ("1,2\r3,4\n1,2\n", ["1,2\r3,4"], ["has a carriage return in the middle"]),
        ("1,\xff\n1,2\n", ["1,\\xff"], ["holds bytes that are not utf-8"]),
    ],
)
def test_an_unreadable_line_does_not_affect_others(body: str, texts: list[str], reasons: list[str]) -> None:
    """It is handed on as it stands; the lines after it are read, also those that its open quote took for its own."""
    rows, unreadable = read(b"a,b\n" + body.encode("latin-1"), AB)
    assert [row.text for row in unreadable] == texts
    assert [row.reason for row in unreadable] == reasons
    assert rows[-1][2] == ("1", "2")


def test_lines_are_reported_where_they_differ_from_rows() -> None:
    """Blank lines and line ends inside quotes shift the lines."""
    for fast in (csv_reader._read_fast, lambda *_: None):
        with patch.object(csv_reader, "_read_fast", fast):
            rows, _ = read(b'\n\na,b\n\n1,"2\n\n"\n\n3,4\r\n\r\n5,6', AB._replace(header_lines=3))
        assert [(number, line) for number, line, _ in rows] == [(1, 5), (2, 9), (3, 11)]


def test_a_quote_never_closed_costs_a_line_not_the_file() -> None:
    """Past a long stretch the quote is given up, and the stretch is read line by line."""
    body = b'0,"0\n' + b"1,2\n" * 60_000
    rows, unreadable = read(b"a,b\n" + body, AB)
    assert (len(rows), len(unreadable)) == (60_000, 1)
    assert rows[-1] == (60_001, 60_002, ("1", "2"))


def test_a_huge_line_is_an_error_of_the_file(tmp_path: Path) -> None:
    """A line that no event log has is told in one line, not gathered in memory."""
    path = tmp_path / "log.csv"
    path.write_bytes(b"a,b\n" + b"x" * 300_000)
    with (
        patch.object(text_encoding, "BLOCK", 1 << 12),
        patch.object(csv_reader, "LINE_LIMIT", 1 << 16),
        pytest.raises(UnreadableSourceError, match=r"has a line of more than .* MB \(line 2\)"),
    ):
        list(read_csv_rows(path, AB))


def test_rows_have_the_width_of_the_header() -> None:
    """A part without rows has the columns all the same."""
    rows, used = csv_reader._read_carefully(b"", AB, 1, 1, last=True)
    assert isinstance(rows, CsvRows)
    assert (rows.table.schema.names, used) == (["a", "b"], 0)
