"""Pieces of events, on their way to the buckets."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from features.ingestion.event_pieces import PIECE_ROWS, joined, pieces_of, stream_of
from features.store.bucket_numbers import bucket_numbers

ids = st.lists(st.sampled_from(["ann", "bob", "cem", "dör", "eve"]), min_size=1, max_size=30)


@given(ids, st.integers(1, 4), st.booleans())
def test_each_row_comes_to_its_bucket_once_in_order(customers: list[str], buckets: int, coded: bool) -> None:
    """Whether its id is plain or of a dictionary."""
    names = pa.array(customers)
    batch = pa.record_batch(
        {"customer_id": names.dictionary_encode() if coded else names, "row_number": range(len(customers))}
    )
    found = [(bucket, row) for bucket, piece in pieces_of(batch, buckets) for row in rows_of(piece)]
    expected = list(zip(bucket_numbers(names, buckets).tolist(), range(len(customers)), strict=True))
    assert found == sorted(expected)


def rows_of(piece: bytes) -> list[int]:
    rows: list[int] = pa.ipc.open_stream(piece).read_all()["row_number"].to_pylist()
    return rows


def test_no_piece_is_large() -> None:
    """Of however many rows a batch is: Spark holds several pieces in memory at a time."""
    rows = 3 * PIECE_ROWS + 1
    batch = pa.record_batch({"customer_id": ["ann"] * rows, "cents": np.arange(rows)})
    sizes = [(len(piece), pa.ipc.open_stream(piece).read_all().num_rows) for _, piece in pieces_of(batch, 1)]
    assert [count for _, count in sizes] == [PIECE_ROWS] * 3 + [1]
    assert max(size for size, _ in sizes) < 16 * PIECE_ROWS


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 5)), max_size=20), st.integers(1, 12))
def test_joined_pieces_have_all_rows(sizes: list[tuple[bool, int]], rows: int) -> None:
    """Those of equal columns in order, and none but the last of them in batches smaller than asked for."""
    pieces = [
        stream_of(pa.record_batch({"reference" if named else "cents": [10 * place + row for row in range(size)]}))
        for place, (named, size) in enumerate(sizes)
    ]
    batches = list(joined(pieces, rows))
    for name in ("reference", "cents"):
        alike = [batch for batch in batches if batch.schema.names == [name]]
        expected = [
            10 * place + row
            for place, (named, size) in enumerate(sizes)
            if named == (name == "reference")
            for row in range(size)
        ]
        assert [value for batch in alike for value in batch[name].to_pylist()] == expected
        assert all(len(batch) >= rows for batch in alike[:-1])


def test_pieces_are_read_only_as_they_come() -> None:
    """So that memory has those that are joined, and not all."""
    piece = stream_of(pa.record_batch({"cents": [1, 2]}))
    taken = iter([piece, piece, b"not read"])
    assert next(joined(taken, rows=4)).num_rows == 4
    assert next(taken) == b"not read"
