"""The encoding, delimiter and header of a CSV file are detected, or the file is refused."""

from pathlib import Path

import pytest

from features.errors import UnreadableSourceError
from features.ingestion.csv_format import CsvFormat, Utf8Lines, sniff_csv_format
from tests.features.reading import csv_file, read


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_that_of_the_columns_looked_for(delimiter: str, tmp_path: Path) -> None:
    """A header with other delimiters in its names is split where the wanted names come out."""
    path = tmp_path / "log.csv"
    path.write_text(delimiter.join(["customer_id", '"a,b;c|d,e;f|g"', " event_time "]) + "\n")
    csv_format = sniff_csv_format(path, ["customer_id", "event_time"])
    assert csv_format == CsvFormat("utf-8", delimiter, ("customer_id", "a,b;c|d,e;f|g", "event_time"), 1)


@pytest.mark.parametrize("data", [b"", b"\n\n \r\n", b"\xef\xbb\xbf", b'"a,b\n1,2\n', b"a\0,bcdefghi\n"])
def test_a_file_without_a_header_is_an_error(data: bytes, tmp_path: Path) -> None:
    """Nothing, blank lines, or a first line that is no header."""
    path = tmp_path / "log.csv"
    path.write_bytes(data)
    with pytest.raises(UnreadableSourceError, match=r"is empty|has a first line"):
        sniff_csv_format(path, ["a"])


def test_a_name_is_given_to_columns_without_one(tmp_path: Path) -> None:
    """By its place; blank lines before the header count among the header's lines."""
    path = tmp_path / "log.csv"
    path.write_text("\n\na,,c\n1,2,3\n")
    assert sniff_csv_format(path, ["a"]) == CsvFormat("utf-8", ",", ("a", "column_2", "c"), 3)


def test_a_given_delimiter_and_encoding_are_taken(tmp_path: Path) -> None:
    """Where detection would say otherwise."""
    path = tmp_path / "log.csv"
    path.write_text("a;b,c\n")
    assert sniff_csv_format(path, ["b"], ";", "cp1252") == CsvFormat("cp1252", ";", ("a", "b,c"), 1)


def test_lines_can_be_read_again() -> None:
    """From any line on; a line that is not UTF-8 is marked and its bytes are replaced."""
    lines = Utf8Lines([b"a", b"\xff", b"c"])
    assert next(lines) == "a\n"
    assert not lines.broken
    assert next(lines) == "\ufffd\n"
    assert lines.broken
    lines.at = 0
    assert [*lines] == ["a\n", "\ufffd\n", "c\n"]


@pytest.mark.parametrize(
    ("text", "delimiter", "header", "header_line"),
    [
        ("sep=;\nKunde;Datum;Betrag\nM;2024-01-01;1,5\n", ";", ("Kunde", "Datum", "Betrag"), 1),
        ('"SEP=|"\r\na,b|c\r\n1|2\r\n', "|", ("a,b", "c"), 1),
        ("Sales report,,\nCreated,2024,\n,,\na,b,c\n1,2,3\n", ",", ("a", "b", "c"), 4),
        ("Sales report\n\nx;y;z\n1;2;3\n4;5;6\n", ";", ("x", "y", "z"), 3),
        ("Report\nfor a\nb,a\n1,2\n", ",", ("b", "a"), 3),
        ("x,y\n1,2\na,b\n", ",", ("a", "b"), 3),
        ("a,x\n1,2\na,b\n", ",", ("a", "x"), 1),
        ("x\n1\n2\n", ",", ("x",), 1),
        ("\n\nx,y\n1,2\n", ",", ("x", "y"), 1),
    ],
)
def test_a_title_is_not_the_header(
    text: str, delimiter: str, header: tuple[str, ...], header_line: int, tmp_path: Path
) -> None:
    """Nor is a line that names the delimiter; a first line with a wanted column always is."""
    (tmp_path / "log.csv").write_bytes(text.encode())
    found = sniff_csv_format(tmp_path / "log.csv", ["a", "b"])
    assert (found.delimiter, found.header, found.header_line) == (delimiter, header, header_line)
    assert ("header line" in found.assumed()) == (header_line > 1)


def test_the_line_of_the_header_can_be_given(tmp_path: Path) -> None:
    """Where none or another would be found."""
    (tmp_path / "log.csv").write_bytes(b"a,b\nx,y\n1,2\n")
    assert sniff_csv_format(tmp_path / "log.csv", ["a"], header_line=2) == CsvFormat("utf-8", ",", ("x", "y"), 2, 2)
    with pytest.raises(UnreadableSourceError, match="has no line 9: expected the header there"):
        sniff_csv_format(tmp_path / "log.csv", ["a"], header_line=9)


def test_rows_below_a_title_keep_their_lines(tmp_path: Path) -> None:
    """Row 1 is the first below the header; the quarantine has the line of the file."""
    path = csv_file(tmp_path, ",,", "customer_id,event_time,event_type", "A,2024-01-01,buy", header="Report,,")
    (row,) = read(path).quarantine
    assert row["row_number"] == "1"
    assert row["reason"].endswith("(line 4)")
