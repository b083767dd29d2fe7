"""Reads the page headers of a Parquet file, which tell what its pages become before any is decompressed.

Sizes in the footer are those that the writer claims; a reader allocates what the header of each page says. Headers are
Thrift structs in the compact protocol.

References
----------
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from dataclasses import dataclass, field
from typing import Any

DATA_PAGE, DICTIONARY_PAGE, DATA_PAGE_V2 = 0, 2, 3
PLAIN, PLAIN_DICTIONARY, DELTA_LENGTH_BYTE_ARRAY, RLE_DICTIONARY = 0, 2, 6, 8
DEEPEST = 8
"""Structs within structs: a page header has two levels, its statistics a third."""
PADDING = 100
"""Bytes by which old writers state a column chunk too short; readers go on by as many."""


@dataclass
class Pages:
    """What the pages of one column become.

    Attributes
    ----------
    decompressed_bytes : int
    encodings : set of int
        Encodings of the data pages.
    count : int
    """

    decompressed_bytes: int = 0
    encodings: set[int] = field(default_factory=set)
    count: int = 0


def add_pages(pages: Pages, body: bytes, start: int, size: int, rows: int, maximum_pages: int) -> None:
    """Add the pages of a column chunk to those of its column.

    Parameters
    ----------
    pages : Pages
    body : bytes
        The file.
    start, size : int
        Of the chunk, in bytes.
    rows : int
        In the chunk's row group; the column has one value a row.
    maximum_pages : int
        Of the column.

    Raises
    ------
    ValueError
        For headers that cannot be, and for more pages than `maximum_pages`.
    """
    end = min(len(body), start + size + PADDING)
    values, at = 0, start
    while values < rows:
        if not 0 <= at < end:
            raise ValueError("a column chunk ends before its last page")
        header, at = _struct(body, at, end, DEEPEST)
        kind, decompressed, compressed = (_number(header, name) for name in (1, 2, 3))
        pages.count += 1
        if pages.count > maximum_pages:
            raise ValueError(f"a column has more than {maximum_pages} pages; write larger ones")
        pages.decompressed_bytes += decompressed
        number, encoding = {DATA_PAGE: (5, 2), DICTIONARY_PAGE: (7, 2), DATA_PAGE_V2: (8, 4)}.get(kind, (0, 0))
        at += compressed
        if not number:
            continue
        details = header.get(number)
        count = _number(details, 1)
        if count > (decompressed if kind == DICTIONARY_PAGE else rows - values):
            raise ValueError(f"a page of {decompressed} bytes claims {count} values")
        if kind != DICTIONARY_PAGE:
            values += count
            pages.encodings.add(_number(details, encoding))


def _number(fields: Any, name: int) -> int:
    """Return a field that is a number and not negative."""
    value = fields.get(name) if isinstance(fields, dict) else None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("a page header lacks a type, a size or a count")
    return value


def _varint(body: bytes, at: int, end: int) -> tuple[int, int]:
    """Return an unsigned integer and the position after it."""
    value = shift = 0
    while at < end and shift < 64:
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("a page header is cut off")


def _integer(body: bytes, at: int, end: int) -> tuple[int, int]:
    """Return a signed integer in zigzag form and the position after it."""
    value, at = _varint(body, at, end)
    return (value >> 1) ^ -(value & 1), at


def _struct(body: bytes, at: int, end: int, depth: int) -> tuple[dict[int, Any], int]:
    """Return the integers and structs of a struct by field number, and the position after it."""
    fields: dict[int, Any] = {}
    number = 0
    while True:
        if at >= end or not depth:
            raise ValueError("a page header is cut off")
        byte = body[at]
        at += 1
        if not byte:
            return fields, at
        kind, step = byte & 0x0F, byte >> 4
        if step:
            number += step
        else:
            number, at = _integer(body, at, end)
        if kind in (1, 2):  # true and false, which have no bytes of their own
            fields[number] = kind == 1
        elif kind == 3:
            at += 1
        elif kind in (4, 5, 6):
            fields[number], at = _integer(body, at, end)
        elif kind == 7:
            at += 8
        elif kind == 8:
            length, at = _varint(body, at, end)
            at += length
        elif kind == 12:
            fields[number], at = _struct(body, at, end, depth - 1)
        else:  # lists, sets and maps: no page header has any
            raise ValueError(f"a page header has a field of the unknown type {kind}")
