"""The code of a reference without Numba is the one that the store has."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from features.store.reference_codes import reference_code
from features.store.row_packing import reference_codes


@given(st.lists(st.text(min_size=1), min_size=1))
def test_a_code_is_that_of_the_store(texts: list[str]) -> None:
    """Whatever the text; none has 0."""
    assert [reference_code(text) for text in texts] == reference_codes(pa.array(texts)).tolist()
    assert reference_code(None) == reference_codes(pa.array([None], pa.string()))[0] == 0
