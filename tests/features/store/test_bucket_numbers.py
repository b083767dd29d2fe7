"""Customers in buckets: each in the one that a hash of the id names."""

from hashlib import blake2b

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from features.store.bucket_numbers import bucket_numbers


@given(st.lists(st.text(max_size=5), max_size=10), st.integers(1, 256))
def test_the_bucket_of_an_id_is_its_hash_modulo_the_number(ids: list[str], buckets: int) -> None:
    """BLAKE2b of eight bytes, little-endian: other programs can compute it, and it never changes."""
    expected = [int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little") % buckets for name in ids]
    assert bucket_numbers(pa.array(ids, pa.string()), buckets).tolist() == expected


def test_known_ids_stay_in_their_buckets() -> None:
    """Stores of earlier versions name these."""
    assert bucket_numbers(pa.array(["ann", "bob", "cem", "12346", ""]), 16).tolist() == [13, 4, 11, 11, 4]
