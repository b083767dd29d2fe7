"""Checks of a formula's values: what passes, and that an error names key, value and remedy in one line."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import FormulaError
from features.loyalty.formula_checks import (
    check_keys,
    check_names,
    check_text,
    finite_number,
    formula_error,
    key_path,
    positive_number,
    require_columns,
)


@pytest.mark.parametrize(("value", "number"), [(3, 3.0), (0.5, 0.5), (Fraction(1, 4), 0.25), (np.float64(2), 2.0)])
def test_numbers_pass_as_floats(value: Any, number: float) -> None:
    """Of any type that is a real number."""
    assert finite_number(value) == positive_number("parts.a.maximum", value) == number


@pytest.mark.parametrize("value", [True, "3", None, math.nan, math.inf, -math.inf, 10**400, 1j])
def test_what_is_no_finite_number_fails_every_comparison(value: Any) -> None:
    """Texts, truth values, NaN, infinities and integers beyond a float."""
    assert math.isnan(finite_number(value))
    with pytest.raises(
        FormulaError, match=r"^parts\.a\.maximum: found .*, expected a finite number > 0; give the value"
    ):
        positive_number("parts.a.maximum", value)


def test_a_maximum_is_above_zero() -> None:
    """Zero and less are refused."""
    for value in (0, -1, -0.0):
        with pytest.raises(FormulaError, match="expected a finite number > 0"):
            positive_number("maxima.loyalty", value)


@given(st.text())
def test_a_message_is_one_line(key: str) -> None:
    """A key with line breaks, or any other text, is quoted in the path."""
    message = str(formula_error(key_path("parts", key), key, "a name", "rename it"))
    assert message.isprintable()
    assert message.startswith("parts.")


def test_plain_keys_are_not_quoted() -> None:
    """Letters, digits, _ and - stand as they are; the first key has no dot before it."""
    assert key_path("parts", "spend_2-b") == "parts.spend_2-b"
    assert key_path("", "bands") == "bands"
    assert key_path("bands", "a b") == "bands.'a b'"


@pytest.mark.parametrize("value", ["", "  ", 3, None])
def test_texts_are_not_blank(value: Any) -> None:
    """Text of spaces is none."""
    with pytest.raises(FormulaError, match=r"reason: found .*, expected text in quotes; fill it in"):
        check_text("reason", value)
    check_text("reason", "why")


def test_names_are_given_once() -> None:
    """At least one, and no two alike."""
    check_names("parts", ["a", "b"])
    for names in ([], ["a", "b", "a"]):
        with pytest.raises(FormulaError, match="expected at least one, no name twice; add or rename parts"):
            check_names("parts", names)


def test_tables_have_the_keys_they_need_and_no_other() -> None:
    """Missing and unknown keys are named with their path."""
    check_keys("parts.a", {"column": 1}, required=("column",), optional=("data",))
    check_keys("parts.a", {"column": 1, "data": 2}, required=("column",), optional=("data",))
    with pytest.raises(FormulaError, match=r"parts\.a\.column: found nothing, expected a value; add the key"):
        check_keys("parts.a", {"data": 2}, required=("column",), optional=("data",))
    with pytest.raises(
        FormulaError, match=r"parts\.a\.x: unknown key, expected one of column, data; remove or rename it"
    ):
        check_keys("parts.a", {"column": 1, "x": 2}, required=("column",), optional=("data",))
    with pytest.raises(
        FormulaError, match=r"parts\.a: found 4, expected a table with column; begin it with \[parts\.a\]"
    ):
        check_keys("parts.a", 4, required=("column",))


def test_absent_columns_are_all_named() -> None:
    """With the use they are needed for."""
    require_columns({"a": 1, "b": 2}, ["b", "a"], "the test")
    with pytest.raises(FormulaError, match=r"found no c, d, expected for the test; build the table with feature_table"):
        require_columns({"a": 1}, ["c", "a", "d"], "the test")
