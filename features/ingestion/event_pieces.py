"""Events that travel to the bucket of their customers: batches cut into pieces, and pieces put together again."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.store.bucket_numbers import bucket_numbers

PIECE_ROWS = 10_000
"""The most events of a piece: some hundreds of kilobytes, which Java's collectors still treat as a small object."""
JOINED_ROWS = 200_000
"""How many events are joined at least, as far as there are more: what each batch costs is then little."""

Pieces = Iterator[tuple[int, bytes]]
"""Events as an Arrow stream, and the bucket of their customers."""


def pieces_of(batch: pa.RecordBatch, buckets: int) -> Pieces:
    """Yield the rows of a batch by bucket, in their order."""
    ids = batch["customer_id"]
    coded = ids if pa.types.is_dictionary(ids.type) else ids.dictionary_encode()
    numbers = bucket_numbers(pc.fill_null(coded.dictionary, ""), buckets)[coded.indices.to_numpy()]
    plain = [column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in batch.columns]
    order = np.argsort(numbers, kind="stable")
    bounds = np.searchsorted(numbers[order], np.arange(buckets + 1))
    sorted_rows = pa.RecordBatch.from_arrays(plain, batch.schema.names).take(pa.array(order))
    for bucket in np.flatnonzero(np.diff(bounds)).tolist():
        first, last = bounds[bucket].item(), bounds[bucket + 1].item()
        for start in range(first, last, PIECE_ROWS):
            yield bucket, stream_of(sorted_rows.slice(start, min(PIECE_ROWS, last - start)))


def stream_of(batch: pa.RecordBatch) -> bytes:
    """Return a batch as an Arrow stream, which says where it ends."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def joined(pieces: Iterable[bytes], rows: int = JOINED_ROWS) -> Iterator[pa.RecordBatch]:
    """Yield the events of pieces in batches of at least so many rows, as far as there are more of the same columns.

    Examples
    --------
    >>> small = stream_of(pa.record_batch({"cents": [1, 2]}))
    >>> [batch.num_rows for batch in joined([small] * 5, rows=4)]
    [4, 4, 2]
    """
    waiting: dict[pa.Schema, list[pa.RecordBatch]] = {}
    for piece in pieces:
        for batch in pa.ipc.open_stream(piece):
            alike = waiting.setdefault(batch.schema, [])
            alike.append(batch)
            if sum(map(len, alike)) >= rows:
                yield pa.concat_batches(waiting.pop(batch.schema))
    yield from map(pa.concat_batches, waiting.values())
