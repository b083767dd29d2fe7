"""Reads the footer and the page headers of a Parquet file: what its pages become, before any is decompressed.

Sizes in the footer are those that the writer claims; a reader allocates what the header of each page says. Both are
Thrift structs in the compact protocol. PyArrow shows no page headers, and its `RowGroupMetaData.column` ends the
process where the footer contradicts itself.

References
----------
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

DATA_PAGE, DICTIONARY_PAGE, DATA_PAGE_V2 = 0, 2, 3
PLAIN, PLAIN_DICTIONARY, DELTA_LENGTH_BYTE_ARRAY, RLE_DICTIONARY = 0, 2, 6, 8
DEEPEST = 12
"""Structs within structs: a column chunk's statistics are the sixth level of a footer."""
PADDING = 100
"""Bytes by which old writers state a column chunk too short; readers go on by as many."""


class Chunk(NamedTuple):
    """Where the pages of a column of a row group are, the rows of the group, and the values of the column."""

    start: int
    size: int
    rows: int
    values: int


def column_chunks(body: bytes) -> list[list[Chunk]]:
    """Return the column chunks of each row group of a file, in the order of its schema; none of what is no such file.

    Raises ValueError for a footer that cannot be.
    """
    size = int.from_bytes(body[-8:-4], "little")
    if body[-4:] != b"PAR1" or size + 12 > len(body):
        return []  # which PyArrow refuses, and says why
    footer, _ = _struct(body, len(body) - 8 - size, len(body) - 8, DEEPEST)
    return [_row_group(group) for group in _fields(footer, 4)]


def _row_group(group: Any) -> list[Chunk]:
    chunks, rows = [], _number(group, 3)
    for column in _fields(group, 1):
        facts: Any = column.get(3) if isinstance(column, dict) else None
        start = _number(facts, 9)
        if 11 in facts and 0 < _number(facts, 11) < start:  # its dictionary comes first
            start = _number(facts, 11)
        chunks.append(Chunk(start, _number(facts, 7), rows, _number(facts, 5)))
    return chunks


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


def add_pages(pages: Pages, body: bytes, chunk: Chunk, maximum_pages: int) -> None:
    """Add the pages of a column chunk to those of its column.

    Parameters
    ----------
    pages : Pages
    body : bytes
        The file.
    chunk : Chunk
    maximum_pages : int
        Of the column.

    Raises
    ------
    ValueError
        For headers that cannot be, and for more pages than `maximum_pages`.
    """
    if chunk.values != chunk.rows:
        raise ValueError(f"a column has {chunk.values} values in {chunk.rows} rows")
    end = min(len(body), chunk.start + chunk.size + PADDING)
    values, at, rows = 0, chunk.start, chunk.rows
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
        raise ValueError("the footer or a page header lacks a size or a count")
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
    raise ValueError("the footer or a page header is cut off")


def _integer(body: bytes, at: int, end: int) -> tuple[int, int]:
    """Return a signed integer in zigzag form and the position after it."""
    value, at = _varint(body, at, end)
    return (value >> 1) ^ -(value & 1), at


def _struct(body: bytes, at: int, end: int, depth: int) -> tuple[dict[int, Any], int]:
    """Return the integers, structs and lists of a struct by field number, and the position after it."""
    fields: dict[int, Any] = {}
    number = 0
    while True:
        if at >= end or depth <= 0:
            raise ValueError("the footer or a page header is cut off")
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
        else:
            fields[number], at = _value(kind, body, at, end, depth)


def _value(kind: int, body: bytes, at: int, end: int, depth: int) -> tuple[Any, int]:
    """Return a value of a Thrift type, None for texts and floats, and the position after it."""
    if kind in (4, 5, 6):
        return _integer(body, at, end)
    if kind == 8:
        length, at = _varint(body, at, end)
        return None, at + length
    if kind in (9, 10) and depth > 0:
        return _list(body, at, end, depth)
    if kind == 12:
        return _struct(body, at, end, depth - 1)
    if kind in (1, 2, 3, 7):
        return None, at + (8 if kind == 7 else 1)
    raise ValueError(f"the footer or a page header has a field of the unknown type {kind}")


def _list(body: bytes, at: int, end: int, depth: int) -> tuple[list[Any], int]:
    """Return a list or set and the position after it; each value has a byte at least, so the end comes in time."""
    if at >= end:
        raise ValueError("the footer or a page header is cut off")
    count, kind = body[at] >> 4, body[at] & 0x0F
    at += 1
    if count == 15:
        count, at = _varint(body, at, end)
    values = []
    for _ in range(count):
        value, at = _value(kind, body, at, end, depth - 1)
        values.append(value)
        if at > end:
            raise ValueError("the footer or a page header is cut off")
    return values, at


def _fields(fields: Any, name: int) -> list[Any]:
    """Return a field that is a list."""
    value = fields.get(name) if isinstance(fields, dict) else None
    if not isinstance(value, list):
        raise ValueError("the footer lacks its row groups or columns")
    return value
