"""What a file is follows from its first bytes, hardly from its name."""

import codecs

import pytest

from features.errors import UnreadableSourceError
from features.ingestion.file_types import file_type


@pytest.mark.parametrize(
    ("start", "suffix", "kind"),
    [
        (b"PAR1", ".csv", "Parquet"),
        (b"", ".parquet", "Parquet"),
        (b"rubbish", ".PQ", "Parquet"),
        (b"ARROW1\0\0", "", "Arrow"),
        (b"\xff\xff\xff\xff\x10\0\0\0", ".arrows", "Arrow stream"),
        (b"PK\x03\x04", ".csv", "workbook"),
        (b"", ".csv", "CSV"),
        (b"a,b\n", ".xlsx", "CSV"),
        (b'{"a": 1}', ".csv", "JSON"),
        (b" \n[ {", "", "JSON"),
        (codecs.BOM_UTF8 + b"[\n{", "", "JSON"),
        ('{"a": 1}'.encode("utf-16"), "", "JSON"),
        ('{"a": 1}'.encode("utf-32"), "", "JSON"),
        (b"[customer],[day]\n", "", "CSV"),
        ("customer;day\nMüller;1".encode("utf-16-be"), "", "CSV"),
        ("Müller;été".encode("cp1252"), "", "CSV"),
        ("顧客,日付\n".encode("shift_jis"), "", "CSV"),
        (b"a,b\n1,2\n\x00" + b"c,d\n" * 20, "", "CSV"),  # one faulty row is for the quarantine
    ],
)
def test_the_first_bytes_decide(start: bytes, suffix: str, kind: str) -> None:
    """Whatever the ending of the name, but for Parquet."""
    assert file_type(start, suffix) == kind


@pytest.mark.parametrize("start", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", b"\x7fELF" + bytes(20), bytes(range(32)) * 4])
def test_what_is_no_text_is_refused(start: bytes) -> None:
    """With what is expected."""
    with pytest.raises(UnreadableSourceError, match=r"is no text and of no known format: .*expected CSV, JSON lines"):
        file_type(start)


@pytest.mark.parametrize("start", [b"<!DOCTYPE html>", b"\n <html>", b"<?xml version='1.0'?>", b"<TABLE>"])
def test_pages_named_like_workbooks_are_refused(start: bytes) -> None:
    """Shops write such exports as .xls."""
    with pytest.raises(UnreadableSourceError, match="is an HTML or XML page: export the table as CSV or XLSX"):
        file_type(start, ".xls")
