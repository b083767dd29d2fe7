"""Rows in buckets: those of a bucket apart from the others."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from features.store.bucket_numbers import bucket_numbers
from features.store.buckets import RowsOfBuckets
from features.store.column_writer import PackedBatch


def test_rows_come_back_by_bucket(tmp_path: Path) -> None:
    """Those of each bucket in the order in which they came, of any width, and no file is left."""
    rng = np.random.default_rng(1)
    ids = pa.array([f"c{number}" for number in range(50)])
    first, second = rng.integers(0, 30, 200).astype(np.int32), rng.integers(0, 50, 100).astype(np.int32)
    words = rng.integers(0, 9, (200, 4)), rng.integers(0, 9, (100, 7))
    numbers = bucket_numbers(ids, 5)
    with RowsOfBuckets(tmp_path, 5) as rows:
        rows.add(PackedBatch(words[0], first, set()), ids.slice(0, 30))
        rows.add(PackedBatch(words[1], second, {"reference"}), ids.slice(30))
        for bucket in range(4):
            one, two = rows.batches(bucket)
            assert np.array_equal(one.words, words[0][numbers[first] == bucket])
            assert np.array_equal(one.codes, first[numbers[first] == bucket])
            assert np.array_equal(two.words, words[1][numbers[second] == bucket])
            assert one.optional == two.optional == {"reference"}
    assert not [*tmp_path.iterdir()]
