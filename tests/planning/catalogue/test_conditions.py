"""Conditions are a small, safe language: what it means, and what it refuses."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import CatalogueError, PlanError
from planning.catalogue.conditions import check_condition, holds

FRAME = pd.DataFrame(
    {
        "frequency": [0.0, 2.0, np.nan, 7.0],
        "spend": [10.0, 0.0, 30.0, np.nan],
        "segment": ["new", "loyal", None, "lost"],
        "needs": [["garden"], [], None, ["tools", "garden"]],
        "complaint_open": [True, False, None, False],
    }
)
NAMES = tuple(FRAME.columns)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [True, True, True, True]),
        ("frequency >= 2", [False, True, False, True]),
        ("not frequency >= 2", [True, False, True, False]),
        ("frequency != 2", [True, False, False, True]),
        ("1 <= frequency < 5", [False, True, False, False]),
        ("frequency < 5 and spend > 5 or segment == 'lost'", [True, False, False, True]),
        ("spend / 10 + 1 > 2 - -1", [False, False, True, False]),
        ("spend > frequency * 4", [True, False, False, False]),
        ("segment in ('new', 'lost')", [True, False, False, True]),
        ("segment not in ('new', 'lost')", [False, True, True, False]),
        ("'garden' in needs", [True, False, False, True]),
        ("'garden' not in needs", [False, True, True, False]),
        ("complaint_open", [True, False, False, False]),
        ("not complaint_open", [False, True, True, True]),
        ("complaint_open == True", [True, False, False, False]),
        ("frequency", [False, True, False, True]),
        ("1 < 2", [True, True, True, True]),
    ],
)
def test_a_condition_means_what_it_says(text: str, expected: list[bool]) -> None:
    """A comparison with a null does not hold, and `not` turns around what does not hold."""
    check_condition(text, NAMES)
    assert holds(text, FRAME).tolist() == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frequancy > 1", "unknown name 'frequancy'; expected one of .* .did you mean frequency"),
        ("frequency >", "cannot be read"),
        ("frequency = 3", "cannot be read"),
        ("frequency + 1", "'frequency [+] 1' is no condition"),
        ("frequency > spend ** 2", "is not allowed here"),
        ("max(frequency) > 1", "is not allowed here"),
        ("frequency.mean() > 1", "is not allowed here"),
        ("__import__('os').system('x') == 0", "is not allowed here"),
        ("'garden' in ('garden', 'tools')", "expected 'word' in column"),
        ("segment in frequency", "expected 'word' in column"),
        ("[x for x in needs]", "is no condition"),
        ("1 > 0 if frequency else 2", "is no condition"),
        ("frequency > 1" + " and frequency > 1" * 100, "cannot be read"),
    ],
)
def test_anything_else_is_refused(text: str, message: str) -> None:
    """The message quotes the part that is not allowed."""
    with pytest.raises(CatalogueError, match=message):
        check_condition(text, NAMES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shoe_size > 1", "uses shoe_size, a column that the customers do not have"),
        ("segment > 3", "cannot be evaluated"),
        ("1 / 0 > 3", "cannot be evaluated"),
        ("segment", "segment is '.*', expected yes or no"),
        ("needs", "needs has lists; expected 'word' in needs"),
    ],
)
def test_what_the_customers_cannot_answer_is_an_error(text: str, message: str) -> None:
    """An absent column and a comparison of a word with a number are named."""
    with pytest.raises(PlanError, match=message):
        holds(text, FRAME)


@given(
    st.recursive(
        st.sampled_from(["frequency >= 2", "spend < 20", "segment == 'new'", "'garden' in needs", "complaint_open"]),
        lambda inner: st.one_of(
            inner.map(lambda one: f"not ({one})"),
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
                lambda three: f"({three[0]}) {three[1]} ({three[2]})"
            ),
        ),
        max_leaves=6,
    )
)
def test_a_condition_is_pythons_own_on_each_row(text: str) -> None:
    """On every row without nulls the condition is what Python makes of the same text."""
    rows = FRAME.dropna()
    expected = [eval(text, {}, dict(row)) for _, row in rows.iterrows()]
    assert holds(text, rows).tolist() == [bool(each) for each in expected]


def test_a_column_of_words_holds_where_it_is_yes() -> None:
    """As people write it, in any case; a null and an empty cell do not hold."""
    cells = ["yes", "No", "TRUE", "false", "1", "0", "", None, True, False, 2.0, 0, np.nan, "是"]
    expected = [True, False, True, False, True, False, False, False, True, False, True, False, False, True]
    assert holds("vip", pd.DataFrame({"vip": pd.Series(cells, dtype=object)})).tolist() == expected
    texts = pd.DataFrame({"vip": pd.Series(["no", "yes", None], dtype="str")})
    assert holds("not vip", texts).tolist() == [True, False, True]
