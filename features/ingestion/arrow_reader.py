"""Reads Arrow files (Feather) and Arrow streams batch by batch, without loading them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa


def arrow_schema(path: Path) -> tuple[pa.Schema, bool]:
    """Return the columns of an Arrow file or stream, and whether it has no rows; raises OSError or ArrowException."""
    with _open(path) as reader:
        return reader.schema, not any(len(batch) for batch in _batches(reader))


def read_arrow_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the rows of an Arrow file or stream in order; raises OSError or ArrowException."""
    with _open(path) as reader:
        yield from _batches(reader)


def _open(path: Path) -> Any:
    file = pa.memory_map(str(path))
    is_file = file.read(6) == b"ARROW1"
    file.seek(0)
    return pa.ipc.open_file(file) if is_file else pa.ipc.open_stream(file)


def _batches(reader: Any) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, pa.RecordBatchStreamReader):
        yield from reader
    else:
        yield from (reader.get_batch(number) for number in range(reader.num_record_batches))
