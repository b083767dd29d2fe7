"""Constraints between columns mean the same for one row and for a table."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.definitions.constraints import row_condition

VALUES = st.sampled_from([math.nan, -1.0, 0.0, 1.0, 2.0])
CONDITIONS = {
    "null(a)": lambda a, b: math.isnan(a),
    "not null(a) and b == 0": lambda a, b: not math.isnan(a) and b == 0,
    "null(a) or null(b) or a > b": lambda a, b: math.isnan(a) or math.isnan(b) or a > b,
    "null(a) != null(b)": lambda a, b: math.isnan(a) != math.isnan(b),
    "not (a > 0 or not b <= -a)": lambda a, b: not (a > 0 or not b <= -a),
}


@pytest.mark.parametrize("condition", CONDITIONS)
@given(rows=st.lists(st.tuples(VALUES, VALUES), min_size=1))
def test_a_condition_is_python_s_for_rows_and_tables(condition: str, rows: list[tuple[float, float]]) -> None:
    """The compiled condition gives what the same condition gives in Python, one by one and all at once."""
    expected = [CONDITIONS[condition](a, b) for a, b in rows]
    compiled = row_condition(condition)
    assert [bool(compiled({"a": a, "b": b})) for a, b in rows] == expected
    a, b = np.array(rows).T
    assert compiled({"a": a, "b": b}).tolist() == expected
