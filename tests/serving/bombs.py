"""Small bodies that would become large ones, and the largest bodies that are within the limits."""

import gzip
import io
import struct
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.serving.asking import ARROW, JSON, PARQUET, arrow, feature_row

ROWS = 400_000
LONG = "x" * 9_999


class Bomb(NamedTuple):
    """A request, and the status of its answer."""

    path: str
    make: Callable[[], bytes]
    kind: str
    status: int
    headers: Mapping[str, str] = {}


def log(rows: int = ROWS, customers: int = 1000, **columns: Any) -> pa.Table:
    """A log of so many events."""
    given = {
        "customer_id": np.char.add("c", (np.arange(rows) % customers).astype(str)),
        "event_time": pa.array([1293840000], pa.timestamp("s")).take(pa.array(np.zeros(rows, np.int8))),
        "event_type": pa.array(["usage"]).take(pa.array(np.zeros(rows, np.int8))),
    }
    return pa.table(given | columns)


def repeated(value: Any, rows: int = ROWS) -> pa.DictionaryArray:
    """A column with one value in every row, as a dictionary."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), pa.array([value]))


def views(rows: int = ROWS) -> pa.Array:
    """A column of views of one text."""
    one = pa.array([LONG], pa.string_view())
    _, view, data = one.buffers()
    return pa.Array.from_buffers(pa.string_view(), rows, [None, pa.py_buffer(view.to_pybytes() * rows), data])


def one_text_in_each_batch(batches: int) -> bytes:
    """A stream of many batches with a row each."""
    table = pa.table({name: [value] for name, value in feature_row().items()})
    numbers = [
        pa.field(field.name, field.type if field.name == "customer_id" else pa.float64()) for field in table.schema
    ]
    (batch,) = table.cast(pa.schema(numbers)).to_batches()
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        for _ in range(batches):
            writer.write_batch(batch)
    return sink.getvalue()


def written(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def with_lying_footer() -> bytes:
    """A file whose footer says that a page of 200 MB has half of it; its header says the truth."""
    body = written(
        log(200_000, reference=["x" * 1000] * 200_000), use_dictionary=False, compression="zstd", data_page_size=2**30
    )
    size = int.from_bytes(body[-8:-4], "little")
    metadata = pq.read_metadata(io.BytesIO(body))
    footer = body[-8 - size : -8]
    for at in range(metadata.num_columns):
        truth = metadata.row_group(0).column(at).total_uncompressed_size
        if truth > 2**26:
            footer = footer.replace(zigzag(truth), zigzag(2**20 * 100))
    footer = footer.replace(zigzag(metadata.row_group(0).total_byte_size), zigzag(2**20 * 100))
    return body[: -8 - size] + footer + struct.pack("<I", len(footer)) + b"PAR1"


def zigzag(number: int) -> bytes:
    """A number as the footer has it."""
    number, out = number << 1, bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


BOMBS = {
    "Parquet: one long text in a dictionary": Bomb(
        "/score", lambda: written(log(reference=repeated(LONG))), PARQUET, 413
    ),
    "Parquet: the same of ids": Bomb("/score", lambda: written(log(customer_id=repeated(LONG))), PARQUET, 413),
    "Parquet: the same of times": Bomb("/score", lambda: written(log(event_time=repeated(LONG))), PARQUET, 413),
    "Parquet: the same of amounts": Bomb("/score", lambda: written(log(amount=repeated(LONG))), PARQUET, 413),
    "Parquet: the same of feature rows' ids": Bomb(
        "/score_features", lambda: written(pa.table({"customer_id": repeated(LONG, 100_000)})), PARQUET, 422
    ),
    "Parquet: plain texts, compressed": Bomb(
        "/score",
        lambda: written(log(200_000, reference=["x" * 1000] * 200_000), use_dictionary=False, compression="zstd"),
        PARQUET,
        413,
    ),
    "Parquet: the footer lies about the size": Bomb("/score", with_lying_footer, PARQUET, 413),
    "Parquet: each text repeats the one before": Bomb(
        "/score",
        lambda: written(
            log(reference=[LONG] * 20_000, rows=20_000),
            use_dictionary=False,
            column_encoding={"reference": "DELTA_BYTE_ARRAY"},
        ),
        PARQUET,
        400,
    ),
    "Parquet: lists": Bomb(
        "/score", lambda: written(log(rows=10, amount=[[1.0] * 100_000] * 10), compression="zstd"), PARQUET, 422
    ),
    "Arrow: one long text in a dictionary": Bomb("/score", lambda: arrow(log(reference=repeated(LONG))), ARROW, 413),
    "Arrow: a dictionary of a long number": Bomb(
        "/score", lambda: arrow(log(amount=repeated("1" * 9_999))), ARROW, 413
    ),
    "Arrow: views of one long text": Bomb("/score", lambda: arrow(log(reference=views())), ARROW, 413),
    "Arrow: a run of a billion rows": Bomb(
        "/score",
        lambda: arrow(
            log(
                rows=1,
                amount=pa.RunEndEncodedArray.from_arrays(pa.array([10**9], pa.int32()), pa.array([1.0])).slice(0, 1),
            )
        ),
        ARROW,
        422,
    ),
    "Arrow: compressed buffers": Bomb(
        "/score", lambda: arrow(log(1000, reference=["x" * 1000] * 1000), compression="zstd"), ARROW, 415
    ),
    "Arrow: a batch a row": Bomb("/score_features", lambda: one_text_in_each_batch(2000), ARROW, 413),
    "JSON: a column of zeros": Bomb(
        "/score_features",
        lambda: b'{"columns":{"customer_id":[' + b"1," * 30_000_000 + b"1]}}",
        JSON,
        422,
    ),
    "JSON: ids of one letter": Bomb(
        "/score_customers", lambda: b'{"customer_ids":[' + b'"a",' * 15_000_000 + b'"a"]}', JSON, 413
    ),
    "JSON: ids that are numbers": Bomb(
        "/score_customers", lambda: b'{"customer_ids":[' + b"1," * 30_000_000 + b"1]}", JSON, 413
    ),
    "JSON in gzip": Bomb("/score", lambda: gzip.compress(b" " * 2**27, 1), JSON, 413, {"content-encoding": "gzip"}),
}

_EVENT = b'{"event_type":"usage","event_time":"2011-01-01"}'


def _customers(count: int, events: int) -> bytes:
    customer = b'{"customer_id":"1","events":[' + b",".join([_EVENT] * events) + b"]}"
    return b'{"customers":[' + b",".join([customer] * count) + b"]}"


LARGEST = {
    "JSON: customers without events": Bomb("/score", lambda: _customers(2_050_000, 0), JSON, 413),
    "JSON: customers with an event each": Bomb("/score", lambda: _customers(800_000, 1), JSON, 413),
    "JSON: customers with twenty events": Bomb("/score", lambda: _customers(62_000, 20), JSON, 413),
    "JSON: one customer": Bomb("/score", lambda: _customers(1, 1_300_000), JSON, 413),
}
"""Bodies just within the limit of bytes that hold as many objects as they can."""
