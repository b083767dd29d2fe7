"""Ids are recognised in cells, texts and bytes as words of their own."""

import json

import pytest

from features.erasure.id_patterns import ENCODINGS, IdPattern
from features.errors import InvalidArgumentError


@pytest.mark.parametrize("text", ["C-17", "of C-17.", '"C-17"', "a,C-17,b", "C-17: 3", "<td>C-17</td>", "(C-17)"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_id_is_found_as_a_word(text: str, encoding: str) -> None:
    """Whatever stands around it, in each encoding."""
    pattern = IdPattern(["C-17", "other"])
    assert pattern.in_text(text)
    assert pattern.in_bytes(f"before {text} after".encode(encoding))


@pytest.mark.parametrize("text", ["C-170", "AC-17", "C-17-2", "xC-17", "C-17a", "C-1", "c-17", ""])
def test_a_part_of_another_word_is_no_id(text: str) -> None:
    """Another customer's id may begin or end with it."""
    pattern = IdPattern(["C-17"])
    assert not pattern.in_text(text)
    assert not pattern.in_bytes(text.encode())


@pytest.mark.parametrize("name", ["Zoë & Co", 'say "hi"', "客户17", "a+b@shop.example"])
def test_an_id_is_found_as_json_and_html_write_it(name: str) -> None:
    """Letters beyond ASCII, quotes and ampersands are written otherwise there."""
    import html

    pattern = IdPattern([name])
    for text in (json.dumps({"id": name}), html.escape(f"({name})"), name):
        assert pattern.in_text(text)
        assert name not in pattern.replaced(text)


def test_a_short_number_is_an_id_in_a_cell_alone() -> None:
    """Any text may have it by chance; four digits are rare enough."""
    pattern = IdPattern(["7", "12346"])
    assert pattern.is_id("7")
    assert not pattern.in_text("7 rows")
    assert pattern.in_text("customer 12346 has 7 rows")
    assert pattern.replaced("customer 12346 has 7 rows") == "customer (erased) has 7 rows"
    assert not pattern.in_text("0.12346 or 12346.5")


def test_a_cell_is_an_id_with_white_space_and_the_mark_before_formulas() -> None:
    """As tables for spreadsheets have it."""
    pattern = IdPattern([" =1+1 "])
    assert pattern.is_id("'=1+1")
    assert pattern.is_id(" =1+1")
    assert not pattern.is_id(2)


def test_somebody_must_be_named() -> None:
    """Blank lines of a file are no ids."""
    with pytest.raises(InvalidArgumentError, match="no customer id is given"):
        IdPattern(["", "  "])
