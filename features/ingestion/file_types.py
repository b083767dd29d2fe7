"""Recognises what a file is from its first bytes; what cannot be read is refused with the cure."""

import codecs

from features.encryption.parquet_files import MAGIC
from features.errors import UnreadableSourceError
from features.ingestion.text_encoding import BYTE_ORDER_MARKS, detect_utf16

EXPECTED = "expected CSV, JSON lines, Parquet, Arrow or a workbook (XLSX, XLS, ODS)"
TYPES = {
    b"PAR1": "Parquet",
    MAGIC: "Parquet",
    b"ARROW1": "Arrow",
    b"\xff\xff\xff\xff": "Arrow stream",
    b"PK\x03\x04": "workbook",  # a zip archive of something else never comes so far
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "workbook",
}
REFUSED = {
    b"SQLite format 3\0": "an SQLite database: name it as sqlite:///PATH and give a query",
    b"FEA1": "Feather of version 1: write it as Parquet, or as Feather of version 2",
    b"ORC": "an ORC file: write it as Parquet",
    b"Obj\x01": "an Avro file: write it as Parquet",
    b"%PDF": "a PDF document: export the table as CSV",
    b"\x1f\x8b": "compressed twice: unpack it",
    b"version https://git-lfs": "a pointer of Git LFS: fetch the file itself (git lfs pull)",
}
MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml")
CONTROL = bytes({*range(32)} - {*b"\t\n\f\r\x1a\x1b"})
CONTROL_SHARE = 0.05


def file_type(start: bytes, suffix: str = "") -> str:
    """Return the type of a file: Parquet, Arrow, Arrow stream, workbook, JSON or CSV.

    Parameters
    ----------
    start : bytes
        Its first bytes, unpacked.
    suffix : str
        The ending of its name, which decides for Parquet and Arrow where the bytes do not.

    Raises
    ------
    UnreadableSourceError
        When it is something else.
    """
    for magic, name in TYPES.items():
        if start.startswith(magic):
            return name
    for magic, description in REFUSED.items():
        if start.startswith(magic):
            raise UnreadableSourceError(f"is {description}; {EXPECTED}")
    if start[257:262] == b"ustar":
        raise UnreadableSourceError(f"is a tar archive: unpack it; {EXPECTED}")
    if suffix.lower() in (".parquet", ".pq"):
        return "Parquet"
    text = start.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if text.startswith(MARKUP):
        raise UnreadableSourceError(f"is an HTML or XML page: export the table as CSV or XLSX; {EXPECTED}")
    if not _is_text(start):
        raise UnreadableSourceError(f"is no text and of no known format: export it again; {EXPECTED}")
    return "JSON" if _begins_json(start) else "CSV"


def _is_text(start: bytes) -> bool:
    """Return whether few bytes are control characters, in a text of one byte a character or of UTF-16."""
    if detect_utf16(start) or any(start.startswith(mark) for mark, _ in BYTE_ORDER_MARKS):
        return True
    return sum(start.count(byte) for byte in CONTROL) <= CONTROL_SHARE * len(start)


def _begins_json(start: bytes) -> bool:
    text = start.replace(b"\0", b"")
    for mark, _ in BYTE_ORDER_MARKS:
        text = text.removeprefix(mark.replace(b"\0", b""))
    text = text.lstrip()
    return text.startswith((b"{", b"[{", b"[ ", b"[\n", b"[\r", b"[]"))
