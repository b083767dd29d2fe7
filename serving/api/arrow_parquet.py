"""Reads Arrow streams and Parquet files from request bodies, within limits of size and with the expected columns."""

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from serving.api.content_negotiation import ARROW, PARQUET
from serving.api.decoded_size import decoded_bytes, is_variable
from serving.api.parquet_pages import (
    DELTA_LENGTH_BYTE_ARRAY,
    PLAIN,
    PLAIN_DICTIONARY,
    RLE_DICTIONARY,
    Chunk,
    Pages,
    add_pages,
    column_chunks,
)
from serving.api.problem_details import ProblemError, invalid
from serving.api.request_body import refuse_too_many

TABLE_BYTES = 160 * 2**20
"""Bytes that the columns of a table may have when they are decoded: a million events with UUIDs have as many."""
CHUNKS = 100_000
"""Pieces of columns (record batches times columns, pages): each costs memory and time, however small it is."""
FOOTER_BYTES = 2**20
"""Of a Parquet file; in memory its footer takes some hundred times as much."""
FOOTER_LIST = 5_000
"""Row groups, columns and the like in a list of the footer, for which memory is allocated before they are read."""
FORMATS = {b"ARROW1": "an Arrow file (Feather)", b"FEA1": "a file of Feather version 1", b"PAR1": "a Parquet file"}
_AS_WRITTEN_BY = {ARROW: ", as pyarrow.ipc.new_stream writes it", PARQUET: ""}
DICTIONARY_ENCODINGS = {PLAIN, PLAIN_DICTIONARY, RLE_DICTIONARY}


class TableColumns(NamedTuple):
    """The columns that a table may have.

    Attributes
    ----------
    required, optional : sequence of str
    type_fault : callable
        Returns what was expected where a column, given its name, cannot be read from an Arrow type; else None.
    unused : sequence of str
        Those of the optional columns whose values nothing reads: their types are checked, they are never decoded.
    """

    required: Sequence[str]
    optional: Sequence[str]
    type_fault: Callable[[str, pa.DataType], str | None]
    unused: Sequence[str] = ()

    def check(self, schema: pa.Schema) -> list[str]:
        """Return the names of the columns to read; raises a 422 problem for names and types of others."""
        names, known = schema.names, {*self.required, *self.optional}
        faults = [(name, "unknown column; remove or rename it") for name in names if name not in known]
        faults += [(name, "missing column") for name in self.required if name not in names]
        faults += [(name, "comes twice; keep one") for name in sorted({n for n in names if names.count(n) > 1})]
        for name, type_ in zip(names, schema.types, strict=True):
            if name in known and (expected := self.type_fault(name, type_)):
                faults.append((name, f"found {_short(type_)}, expected {expected}"))
        if faults:
            raise invalid(faults)
        return [name for name in names if name not in self.unused]


def read_table(body: bytes, media_type: str, columns: TableColumns, maximum_rows: int) -> pa.Table:
    """Return the columns of a body of this media type that are used; `plain_array` decodes each.

    Raises a 400 or 413 problem, and a 422 problem for missing, unknown and repeated columns and those of other types.
    """
    name = "Arrow stream" if media_type == ARROW else "Parquet file"
    try:
        table = (_arrow if media_type == ARROW else _parquet)(body, columns, maximum_rows)
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, NotImplementedError, struct.error, KeyError) as error:
        if found := next(
            (found for magic, found in FORMATS.items() if body.startswith(magic) and name not in found), None
        ):
            expected = f"{'an' if media_type == ARROW else 'a'} {name}"
            raise ProblemError("malformed", f"found {found}, expected {expected}{_AS_WRITTEN_BY[media_type]}") from None
        detail = f"the body is no whole {name}: {(str(error) or type(error).__name__).splitlines()[0]}"
        raise ProblemError("malformed", detail) from None
    if not table.num_rows:
        raise invalid([("", "found no rows, expected at least one")])
    sizes = {name: decoded_bytes(table[name]) for name in table.column_names}
    _refuse_too_large(sum(sizes.values()), max(sizes, key=sizes.__getitem__))
    return table


def plain_array(column: pa.ChunkedArray) -> pa.Array:
    """Return a column of `read_table` as one array, without a dictionary or views."""
    if pa.types.is_dictionary(column.type):
        column = pa.chunked_array([chunk.dictionary_decode() for chunk in column.chunks], column.type.value_type)
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _short(type_: pa.DataType) -> str:
    """Return the name of a type in one line; that of a nested one may be as long as the body."""
    text = " ".join(str(type_).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _refuse_too_large(size: int, largest: str) -> None:
    """Raise a 413 problem for a table that has more bytes than it may have when it is decoded."""
    if size > TABLE_BYTES:
        detail = f"found {size} bytes in the decoded table, most of them in {largest}, expected {TABLE_BYTES} at most"
        raise ProblemError("too-large", f"{detail}; send fewer rows, or shorter texts")


def _refuse_too_many_chunks(count: int, what: str) -> None:
    if count > CHUNKS:
        raise ProblemError("too-large", f"found more than {CHUNKS} {what}; write the table in larger ones")


def _refuse_compression(body: bytes) -> None:
    """Raise a 415 problem for compressed buffers, because Arrow allocates the size that they claim to have.

    The header of each message, a flatbuffer (Message.fbs of the Arrow format), tells whether they are compressed.
    """
    for message in pa.ipc.MessageReader.open_stream(body):
        if message.type not in ("dictionary", "record batch"):
            continue
        head = message.metadata.to_pybytes()
        (root,) = struct.unpack_from("<I", head)
        batch = _table(head, root, 2)
        if batch and message.type == "dictionary":
            batch = _table(head, batch, 1)
        if batch and _field(head, batch, 3):
            detail = "found compressed buffers, expected an Arrow stream without compression, or Parquet"
            raise ProblemError("unsupported-media-type", f"{detail}; Content-Encoding: zstd compresses the whole body")


def _table(head: bytes, table: int, number: int) -> int | None:
    """Return the position of the table that a field of a table refers to; None if the field is absent."""
    place = _field(head, table, number)
    return place and place + int(struct.unpack_from("<I", head, place)[0])


def _field(head: bytes, table: int, number: int) -> int | None:
    """Return the position of a field in a table of a flatbuffer; None if the field is absent."""
    vtable = table - struct.unpack_from("<i", head, table)[0]
    (size,) = struct.unpack_from("<H", head, vtable)
    at = 4 + 2 * number
    offset = struct.unpack_from("<H", head, vtable + at)[0] if at < size else 0
    return table + offset if offset else None


def _arrow(body: bytes, columns: TableColumns, maximum_rows: int) -> pa.Table:
    with pa.ipc.open_stream(body) as reader:
        schema = reader.schema
    used = columns.check(schema)
    _refuse_compression(body)
    # Takes little memory: the columns of an uncompressed stream are pieces of the body.
    options = pa.ipc.IpcReadOptions(included_fields=[schema.names.index(name) for name in used], use_threads=False)
    batches, rows = [], 0
    with pa.ipc.open_stream(body, options=options) as reader:
        for batch in reader:
            rows += batch.num_rows
            refuse_too_many("rows", rows, maximum_rows)
            batches.append(batch)
            _refuse_too_many_chunks(len(batches) * len(used), "record batches times columns")
        return pa.Table.from_batches(batches, reader.schema)


def _parquet(body: bytes, columns: TableColumns, maximum_rows: int) -> pa.Table:
    if FOOTER_BYTES < int.from_bytes(body[-8:-4], "little") <= len(body):
        detail = f"found a footer of more than {FOOTER_BYTES} bytes; write the file in fewer row groups"
        raise ProblemError("too-large", detail)
    groups = column_chunks(body)
    refuse_too_many("rows", sum(max((chunk.rows for chunk in group), default=0) for group in groups), maximum_rows)
    options = {"thrift_container_size_limit": FOOTER_LIST}
    with pq.ParquetFile(pa.BufferReader(body), **options) as file:
        schema = file.schema_arrow
        used = columns.check(schema)
        refuse_too_many("rows", file.metadata.num_rows, maximum_rows)
        if file.num_row_groups != len(groups):
            raise ValueError("the footer cannot be read")
    pages = _pages(body, groups, schema.names, used)
    _refuse_too_large(sum(each.decompressed_bytes for each in pages.values()), _largest(pages))
    texts = [name for name in used if _is_text(schema.field(name).type)]
    coded = [name for name in texts if _read_as_dictionary(name, pages[name].encodings)]
    # A dictionary can repeat one long text in every row; read as codes it is stored once.
    with pq.ParquetFile(pa.BufferReader(body), read_dictionary=coded, **options) as file:
        return file.read(columns=used, use_threads=False)


def _pages(
    body: bytes, groups: Sequence[Sequence[Chunk]], names: Sequence[str], used: Sequence[str]
) -> dict[str, Pages]:
    """Return what the pages of each column become; raises ValueError for what cannot be read."""
    pages = {name: Pages() for name in used}
    for group in groups:
        if len(group) != len(names):
            raise ValueError(f"a row group has {len(group)} columns, the schema {len(names)}")
        for name, chunk in zip(names, group, strict=True):
            if name in pages:
                add_pages(pages[name], body, chunk, CHUNKS)
                _refuse_too_many_chunks(sum(each.count for each in pages.values()), "pages")
    return pages


def _largest(pages: dict[str, Pages]) -> str:
    return max(pages, key=lambda name: pages[name].decompressed_bytes)


def _is_text(type_: pa.DataType) -> bool:
    return is_variable(type_.value_type if pa.types.is_dictionary(type_) else type_)


def _read_as_dictionary(name: str, encodings: set[int]) -> bool:
    """Return whether texts in pages of these encodings can be read as codes; raises ValueError if they are unbounded.

    In DELTA_BYTE_ARRAY each text may repeat the one before, so a small page may become a large column.
    """
    if encodings <= DICTIONARY_ENCODINGS:
        return True
    if encodings == {DELTA_LENGTH_BYTE_ARRAY}:
        return False
    raise ValueError(f"column {name} has an encoding that is not read here; expected PLAIN or a dictionary")
