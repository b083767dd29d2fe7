"""Digits, spaces and signs of other scripts become those of ASCII; what only looks like them does not."""

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.ingestion.characters import plain_characters, plain_numbers

DIGITS = "".join(chr(code) for code in range(0x11000) if unicodedata.category(chr(code)) == "Nd")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("１２３４．５", "1234.5"),
        ("١٬٢٣٤٫٥", "1,234.5"),
        ("1\N{NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567\N{THIN SPACE}890", "1 234 567 890"),
        ("\N{MINUS SIGN}1 \N{EN DASH}2", "-1 -2"),
        ("1\N{RIGHT SINGLE QUOTATION MARK}234", "1'234"),
        ("\N{LEFT-TO-RIGHT MARK}5\N{ZERO WIDTH SPACE}", "5"),
        ("\N{FULLWIDTH YEN SIGN}1", "\N{YEN SIGN}1"),
        ("5²", "5²"),
        ("½", "½"),
        ("1. März 2024", "1. März 2024"),
        ("plain `text`", "plain `text`"),
    ],
)
def test_the_plain_form_of_a_text(text: str, plain: str) -> None:
    """Letters, currency signs and raised digits stay as they are."""
    assert plain_characters(pa.array([text, None])).to_pylist() == [plain, None]


@given(st.text(st.sampled_from(DIGITS), min_size=1))
def test_digits_of_every_script_are_those_that_python_reads(text: str) -> None:
    """As `int` reads them."""
    assert int(plain_characters(pa.array([text]))[0].as_py()) == int(text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("(3.00)", "-3.00"),
        ("12.50-", "-12.50"),
        ("12.50 -", "-12.50"),
        ("\N{EN DASH}12.50", "-12.50"),
        ("12,-", "12"),
        ("12.--", "12"),
        ("12/-", "12"),
        ("'12", "12"),
        ("-", "-"),
        ("()", "-"),
        ("", ""),
    ],
)
def test_the_sign_stands_before_a_number(text: str, plain: str) -> None:
    """However it is written; a dash for no hundredths is no sign."""
    assert plain_numbers(pa.array([text])).to_pylist() == [plain]
