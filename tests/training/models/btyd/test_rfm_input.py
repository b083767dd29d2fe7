import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.models.btyd.rfm_input import LIMIT, on_unique_rows, rfm_columns, unique_rows


def table(frequency=2, recency=10, T=30):
    return pd.DataFrame({"frequency": [0, frequency], "recency": [0, recency], "T": [5, T]})


def test_columns_are_found_by_name_and_nullable_integers_are_read():
    """Other columns and their order do not matter; a nullable integer column is as good as floats."""
    X = table().astype("Int64")[["T", "recency", "frequency"]].assign(spend_30=1.0)
    assert [list(values) for values in rfm_columns(X)] == [[0, 2], [0, 10], [5, 30]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"T": None}, "T is null or infinite in 1 rows, the first is row 1"),
        ({"recency": np.inf}, "recency is null or infinite"),
        ({"frequency": -1}, "frequency is negative"),
        (
            {"frequency": 0.5},
            "frequency is not a whole number in 1 rows, the first is row 1; count repeat purchase days",
        ),
        ({"frequency": 2 * LIMIT}, r"frequency is above 1e\+12 in 1 rows"),
        ({"T": 2 * LIMIT}, r"T is above 1e\+12 in 1 rows"),
        ({"recency": 31}, "recency exceeds T"),
        ({"frequency": 0}, "only one of frequency and recency is 0"),
        ({"recency": 0}, "only one of frequency and recency is 0"),
    ],
)
def test_a_bad_row_is_refused_in_one_line(change, message):
    """The error says what was found, where first, and what was expected."""
    with pytest.raises(ValueError, match=message) as error:
        rfm_columns(table(**change))
    assert "\n" not in str(error.value)


def test_a_missing_column_is_named():
    """The error names the column and lists those expected."""
    with pytest.raises(ValueError, match="no column T; expected a DataFrame with the columns frequency"):
        rfm_columns(table().drop(columns="T"))
    with pytest.raises(TypeError, match="X is a ndarray; expected a DataFrame"):
        rfm_columns(table().to_numpy())


@given(st.lists(st.tuples(*[st.sampled_from([0.0, 1.0, 2.5, 7.0])] * 3), min_size=1))
def test_each_row_finds_itself_among_the_unique_rows(rows):
    """Unique rows, taken back by number, are the rows; a function of them is the function of the rows."""
    x, y, z = np.array(rows).T
    position, kind = unique_rows(x, y, z)
    assert len(position) == len(set(rows))
    assert (np.array(rows)[position][kind] == np.array(rows)).all()
    assert (on_unique_rows(lambda *c: c[0] + 10 * c[1] + 100 * c[2], x, y, z) == x + 10 * y + 100 * z).all()
