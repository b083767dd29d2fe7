"""Customer ids to numbers: as a dictionary gives them, in any batches."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from features.store.customer_ids import CustomerIdEncoder

texts = st.one_of(st.text(max_size=12), st.sampled_from(["", "a", "b", "aa", "a\0", "\0", "\0\0", "é", "e\u0301"]))


def coded(batches: list[pa.StringArray]) -> tuple[list[int], list[str]]:
    coder = CustomerIdEncoder()
    codes = [code for batch in batches for code in coder.codes(batch).tolist()]
    return codes, coder.ids().to_pylist()


@given(st.lists(st.lists(texts, max_size=30), max_size=4), st.integers(0, 3))
def test_codes_are_first_appearances(batches: list[list[str]], skip: int) -> None:
    """Each distinct id gets the next number when it first appears, across batches and in slices of arrays."""
    arrays = [pa.array(["skipped"] * skip + batch, pa.string()).slice(skip) for batch in batches]
    expected: dict[str, int] = {}
    for batch in batches:
        for text in batch:
            expected.setdefault(text, len(expected))
    codes, ids = coded(arrays)
    assert ids == list(expected)
    assert codes == [expected[text] for batch in batches for text in batch]


def test_many_ids_in_several_growths() -> None:
    """300,000 ids that differ in few bits, each seen three times in mixed order, keep their numbers."""
    n = 300_000
    order = np.random.default_rng(1).permutation(3 * n) % n
    ids = pa.array([f"C{i:07d}" for i in range(n)])
    rows = ids.take(pa.array(order))
    coder = CustomerIdEncoder()
    codes = np.concatenate([coder.codes(rows.slice(first, 70_000)) for first in range(0, 3 * n, 70_000)])
    assert len(coder.ids()) == n
    assert coder.ids().take(pa.array(codes)).equals(rows)


@given(st.lists(st.tuples(st.integers(0, 3), st.lists(texts, min_size=4, max_size=4)), max_size=4))
def test_dictionaries_are_coded_as_their_texts(drawn: list[tuple[int, list[str]]]) -> None:
    """Whatever other entries they have, a null among them or one text twice."""
    coder = CustomerIdEncoder()
    for at, entries in drawn:
        ids = pa.DictionaryArray.from_arrays(pa.array([at, 0, at], pa.int32()), pa.array([*entries, None], pa.string()))
        codes = coder.codes(ids)
        assert coder.ids().take(pa.array(codes)).to_pylist() == [entries[at], entries[0], entries[at]]
    assert len(set(coder.ids().to_pylist())) == len(coder.ids())
