"""Damaged Arrow and Parquet bodies: those that pyarrow writes, in many forms, with bytes changed at random."""

import io
import random
import struct
from collections.abc import Iterator
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.serving.asking import ARROW, PARQUET, arrow, feature_row

ROWS = 40
INTERESTING = (0, 1, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**40, 2**63 - 1, 2**63)


@cache
def seeds() -> list[tuple[str, bytes, str]]:
    """Path, body and media type of good requests in many types, encodings, codecs and page forms."""
    log = {
        "customer_id": [f"c{row % 7}" for row in range(ROWS)],
        "event_time": pa.array([1293840000 + 86_400 * row for row in range(ROWS)], pa.timestamp("s")),
        "event_type": ["purchase", "usage"] * (ROWS // 2),
        "amount": [1.5, None] * (ROWS // 2),
        "reference": [f"r{row}" for row in range(ROWS)],
    }
    plain = pa.table(log)
    tables = [plain]
    for column, type_ in (
        ("reference", pa.string_view()),
        ("reference", pa.large_string()),
        ("amount", pa.decimal128(9, 2)),
    ):
        at = plain.column_names.index(column)
        tables.append(plain.set_column(at, column, plain[column].cast(type_)))
    tables.append(
        pa.table({n: plain[n].dictionary_encode() if n != "event_time" else plain[n] for n in plain.column_names})
    )
    tables.append(plain.append_column("content", pa.array([[{"a": 1}]] * ROWS)))
    rows = [feature_row(customer_id=f"c{row}") for row in range(4)]
    features = pa.table(
        {n: pa.array([row[n] for row in rows], pa.string() if n == "customer_id" else pa.float64()) for n in rows[0]}
    )
    found = []
    for path, table in [*(("/score", each) for each in tables), ("/score_features", features)]:
        found.append((path, arrow(table), ARROW))
        found.append((path, in_batches(table, 9), ARROW))
        for options in PARQUET_OPTIONS if table is not tables[-1] else PARQUET_OPTIONS[:1]:
            found.append((path, written(table, **options), PARQUET))
    return found


PARQUET_OPTIONS: list[dict[str, Any]] = [
    {"compression": "snappy"},
    {"compression": "none", "use_dictionary": False},
    {"compression": "zstd", "data_page_version": "2.0"},
    {"compression": "gzip", "row_group_size": 9, "write_page_index": True},
    {"compression": "lz4", "data_page_size": 1, "write_batch_size": 3},
    {"compression": "brotli", "use_dictionary": False, "data_page_version": "2.0"},
]


def in_batches(table: pa.Table, rows: int) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, rows)
    return sink.getvalue()


def written(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def mutants(count: int, seed: int) -> Iterator[tuple[str, bytes, str]]:
    """Yield path, body and media type of so many damaged requests."""
    chance = random.Random(seed)
    for _ in range(count):
        path, body, kind = chance.choice(seeds())
        damaged = bytearray(body)
        for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
            damage(damaged, chance)
        yield path, bytes(damaged), kind


def damage(body: bytearray, chance: random.Random) -> None:
    """Change a body in one place: half of the changes are in its last kilobyte, where Parquet has the footer."""
    if len(body) < 16:
        body += bytes(16)
    least = max(0, len(body) - 1000) if chance.random() < 0.5 else 0
    at = chance.randrange(least, len(body) - 8)
    how = chance.randrange(8)
    if how == 0:
        body[at] ^= 1 << chance.randrange(8)
    elif how == 1:
        body[at] = chance.randrange(256)
    elif how == 2:
        width = chance.choice("HIQ")
        number = chance.choice(INTERESTING) & (2 ** (8 * struct.calcsize(width)) - 1)
        struct.pack_into(f"<{width}", body, at, number)
    elif how == 3:
        del body[at : at + chance.randrange(1, 64)]
    elif how == 4:
        body[at:at] = body[at : at + chance.randrange(1, 64)]
    elif how == 5:
        body[at:at] = chance.randbytes(chance.randrange(1, 9))
    elif how == 6:
        varint = bytes([0xFF] * chance.randrange(1, 9)) + b"\x7f"  # a large number in a Thrift header
        body[at : at + len(varint)] = varint
    else:
        _, other, _ = chance.choice(seeds())
        start = chance.randrange(len(other))
        length = chance.randrange(1, 400)
        body[at : at + length] = other[start : start + length]
