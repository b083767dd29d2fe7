"""Customers in buckets: each in the one that a hash of the id names, and the rows of a bucket apart from the others."""

from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from features.store.buckets import RowsOfBuckets, bucket_numbers
from features.store.column_writer import PackedBatch


@given(st.lists(st.text(max_size=5), max_size=10), st.integers(1, 256))
def test_the_bucket_of_an_id_is_its_hash_modulo_the_number(ids: list[str], buckets: int) -> None:
    """BLAKE2b of eight bytes, little-endian: other programs can compute it, and it never changes."""
    expected = [int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little") % buckets for name in ids]
    assert bucket_numbers(pa.array(ids, pa.string()), buckets).tolist() == expected


def test_known_ids_stay_in_their_buckets() -> None:
    """Stores of earlier versions name these."""
    assert bucket_numbers(pa.array(["ann", "bob", "cem", "12346", ""]), 16).tolist() == [13, 4, 11, 11, 4]


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
