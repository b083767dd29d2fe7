"""Arithmetic over columns is evaluated on whole columns, and nothing but arithmetic is taken."""

import pyarrow as pa
import pytest

from features.errors import ProfileError
from features.ingestion.arithmetic import column_names, evaluate

COLUMNS = {"a": pa.array([6.0, None, -1.5]), "b": pa.array([2.0, 1.0, 0.5]), "Unit price": pa.array([1.0, 2.0, 4.0])}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a * b", [12.0, None, -0.75]),
        ("a - b * 2", [2.0, None, -2.5]),
        ("(a - b) / 2", [2.0, None, -1.0]),
        ('-"Unit price" + 1', [0.0, -1.0, -3.0]),
        ("+b", [2.0, 1.0, 0.5]),
        ("b", [2.0, 1.0, 0.5]),
    ],
)
def test_the_value_of_each_row(expression: str, expected: list[float | None]) -> None:
    """As in Python, and null where a column is null."""
    assert evaluate(expression, COLUMNS).to_pylist() == expected


def test_the_columns_of_an_expression() -> None:
    """Each once, in order, also those with spaces in their names."""
    assert column_names('b * "Unit price" - b') == ["b", "Unit price"]
    assert column_names("") == []


@pytest.mark.parametrize(
    "expression",
    ["__import__('os')", "a.b", "a ** b", "a if b else c", "[a]", "a *", "2 * 3", "lambda: a", "a == b", "True * a"],
)
def test_anything_else_is_refused(expression: str) -> None:
    """Calls, attributes, comparisons and texts without a column are one line that says what is expected."""
    with pytest.raises(ProfileError, match="expected column names") as refusal:
        column_names(expression)
    assert "\n" not in str(refusal.value)
