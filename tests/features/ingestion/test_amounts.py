"""Amounts are read as people and programs write them, under the marks that were found or given."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.ingestion.amounts import AmountMarks, read_amounts
from features.ingestion.casting import RowErrors

POINT, COMMA = AmountMarks(".", ","), AmountMarks(",", ".")


def one(text: str, marks: AmountMarks) -> float | str | None:
    errors = RowErrors()
    value = read_amounts("amount", pa.array([text]), marks, errors)[0].as_py()
    return errors.entries[0][1] if errors.entries else value


@pytest.mark.parametrize(
    ("text", "marks", "expected"),
    [
        ("1,234.50", POINT, 1234.5),
        ("1.234,50", COMMA, 1234.5),
        ("1,23,456.78", POINT, 123456.78),
        ("12,345,678", POINT, 12345678.0),
        ("1 234,50", AmountMarks(",", " "), 1234.5),
        ("1\N{NO-BREAK SPACE}234,50", AmountMarks(",", " "), 1234.5),
        ("1\N{NARROW NO-BREAK SPACE}234,50", AmountMarks(",", " "), 1234.5),
        ("1'234.50", AmountMarks(".", "'"), 1234.5),
        ("1\N{RIGHT SINGLE QUOTATION MARK}234.50", AmountMarks(".", "'"), 1234.5),
        ("(12.50)", POINT, -12.5),
        ("12.50-", POINT, -12.5),
        ("\N{MINUS SIGN}12.50", POINT, -12.5),
        ("+12.5", POINT, 12.5),
        ("$12.50", AmountMarks(".", ",", "$"), 12.5),
        ("-$1,212.50", AmountMarks(".", ",", "$"), -1212.5),
        ("($12.50)", AmountMarks(".", ",", "$"), -12.5),
        ("12,50 \N{EURO SIGN}", AmountMarks(",", ".", "\N{EURO SIGN}"), 12.5),
        ("12.50 usd", AmountMarks(".", "", "USD"), 12.5),
        ("R$ 10,50", AmountMarks(",", "", "R$"), 10.5),
        ("12.", POINT, 12.0),
        (".5", POINT, 0.5),
        ("1e3", POINT, 1000.0),
        ("0", POINT, 0.0),
        ("", POINT, None),
    ],
)
def test_the_value_of_an_amount(text: str, marks: AmountMarks, expected: float | None) -> None:
    """Under its marks."""
    assert one(text, marks) == expected


@pytest.mark.parametrize(
    ("text", "marks", "reason"),
    [
        ("12,50", POINT, "thousands mark ',' out of place"),
        ("1,2345", POINT, "out of place"),
        ("12.50", COMMA, "out of place"),
        ("\N{EURO SIGN}12", AmountMarks(".", ",", "$"), "is not in $, and currencies are not added up"),
        ("1_000", POINT, "is no number"),
        ("0x10", POINT, "is no number"),
        ("-", POINT, "is a word for no amount"),
    ],
)
def test_what_does_not_fit_the_marks_has_a_reason(text: str, marks: AmountMarks, reason: str) -> None:
    """It is never read in another way."""
    assert reason in str(one(text, marks))


def test_numbers_are_taken_as_they_are() -> None:
    """Of any type."""
    for type_ in (pa.int32(), pa.float64(), pa.decimal128(21, 2)):
        assert read_amounts("amount", pa.array([3, None]).cast(type_), COMMA, RowErrors()).to_pylist() == [3.0, None]


@given(st.integers(-(10**11), 10**11), st.sampled_from([POINT, COMMA]))
def test_what_is_written_is_read_back(cents: int, marks: AmountMarks) -> None:
    """Any amount with marks between its thousands."""
    text = f"{cents / 100:,.2f}".replace(",", "_").replace(".", marks.decimal).replace("_", marks.thousands)
    assert one(text, marks) == cents / 100
