"""Reads Arrow streams and Parquet files from request bodies, within limits of size and with the expected columns."""

import struct
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from serving.api.content_negotiation import ARROW
from serving.api.problem_details import ProblemError, invalid
from serving.api.request_body import refuse_too_many

GROWTH = 16
"""How many times its size a Parquet file may grow when it is read: a small file can need more memory than there is."""
TEXTS = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
LONGEST_TEXT = 10_000


def read_table(
    body: bytes, media_type: str, required: Sequence[str], optional: Sequence[str], maximum_rows: int
) -> pa.Table:
    """Return the table of a body of this media type, each column in one chunk.

    Raises a 400 or 413 problem, and a 422 problem for missing, unknown and repeated columns.
    """
    try:
        table = (_arrow if media_type == ARROW else _parquet)(body, required, optional, maximum_rows)
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, NotImplementedError, struct.error) as error:
        name = "Arrow stream" if media_type == ARROW else "Parquet file"
        raise ProblemError("malformed", f"the body is no whole {name}: {str(error).splitlines()[0]}") from None
    if not table.num_rows:
        raise invalid([("", "found no rows, expected at least one")])
    return table.combine_chunks()


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
            raise ProblemError("unsupported-media-type", detail)


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


def _arrow(body: bytes, required: Sequence[str], optional: Sequence[str], maximum_rows: int) -> pa.Table:
    _refuse_compression(body)
    with pa.ipc.open_stream(body) as reader:
        _check_names(reader.schema.names, required, optional)
        table = reader.read_all()  # takes no memory: the columns of an uncompressed stream are pieces of the body
    refuse_too_many("rows", table.num_rows, maximum_rows)
    return table


def _parquet(body: bytes, required: Sequence[str], optional: Sequence[str], maximum_rows: int) -> pa.Table:
    with pq.ParquetFile(pa.BufferReader(body)) as file:
        names = file.schema_arrow.names
        _check_names(names, required, optional)
        groups = [file.metadata.row_group(group) for group in range(file.num_row_groups)]
        refuse_too_many("rows", file.metadata.num_rows, maximum_rows)
        size = sum(group.total_byte_size for group in groups)
        if size > max(GROWTH * len(body), 2**20):
            detail = f"found a table of {size} bytes in {len(body)}, expected {GROWTH} times as much at most"
            raise ProblemError("too-large", f"{detail}; send it less compressed")
    # A dictionary can repeat one long text in every row; read as codes it is stored once.
    with pq.ParquetFile(pa.BufferReader(body), read_dictionary=names) as file:
        return file.read()


def _check_names(names: Sequence[str], required: Sequence[str], optional: Sequence[str]) -> None:
    known = {*required, *optional}
    faults = [(name, "unknown column; remove or rename it") for name in names if name not in known]
    faults += [(name, "missing column") for name in required if name not in names]
    faults += [(name, "comes twice; keep one") for name in sorted({n for n in names if list(names).count(n) > 1})]
    if faults:
        raise invalid(faults)


def plain_array(column: pa.ChunkedArray) -> pa.Array:
    """Return a column of `read_table` without a dictionary; raises a 422 problem if its texts are too long."""
    array = column.chunk(0)
    if pa.types.is_string_view(array.type):
        return array.cast(pa.string())
    if pa.types.is_dictionary(array.type):
        values = array.dictionary
        if values.type in TEXTS and (pc.max(pc.binary_length(values)).as_py() or 0) > LONGEST_TEXT:
            raise invalid([("", f"found a text of more than {LONGEST_TEXT} bytes; shorten it")])
        return array.dictionary_decode()
    return array
