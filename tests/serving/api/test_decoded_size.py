"""The size of a decoded column is known before it is decoded."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.api.decoded_size import decoded_bytes

TEXTS = st.lists(st.none() | st.text(max_size=20), max_size=30)
TEXT_TYPES = [pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.string_view()]


@pytest.mark.parametrize("type_", TEXT_TYPES, ids=str)
@given(values=TEXTS, start=st.integers(0, 5))
def test_texts_count_with_their_bytes_and_eight_more(type_: Any, values: list[str | None], start: int) -> None:
    """Of each type, of slices, of views and of dictionaries, in several chunks; null counts as empty."""
    array = pa.array(values, pa.string()).cast(type_).slice(start)
    size = sum(len((value or "").encode()) + 8 for value in values[start:])
    assert decoded_bytes(pa.chunked_array([array, array])) == 2 * size
    if type_ in (pa.string(), pa.binary()):
        assert decoded_bytes(pa.chunked_array([array.dictionary_encode()])) == size


@given(values=st.lists(st.none() | st.floats(), max_size=30))
def test_numbers_count_with_their_width(values: list[float | None]) -> None:
    """Plain, and at least so as a dictionary."""
    array = pa.array(values, pa.float64())
    size = array.nbytes
    assert decoded_bytes(pa.chunked_array([array])) == size
    coded = decoded_bytes(pa.chunked_array([array.dictionary_encode()]))
    assert 8 * len(values) <= coded <= 10 * len(values)


def test_views_of_one_text_count_each() -> None:
    """They share its bytes until they are decoded."""
    one = pa.array(["x" * 1000], pa.string_view())
    _, view, data = one.buffers()
    many = pa.Array.from_buffers(pa.string_view(), 50, [None, pa.py_buffer(view.to_pybytes() * 50), data])
    assert decoded_bytes(pa.chunked_array([many])) == 50 * 1008
