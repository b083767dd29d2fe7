"""The language of definitions: what an expression gives, and its translation for the generated code."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.definitions.expressions import expected_one_of, kind_of, names_in, parse, translated
from features.errors import DefinitionError

NAMES: dict[str, Any] = {"a": "whole", "b": "whole", "half": "fraction"}
WORDS = {"channel": ("web", "shop"), "goal": ()}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a * b - 3", "whole"),
        ("-(a + b)", "whole"),
        ("half", "fraction"),
        ("a + half", "fraction"),
        ("a / (b + 1) - b / 2", "fraction"),
        ("sqrt(a)", "fraction"),
        ("a > 1 and not channel != SHOP", "truth"),
        ("(a > 1) == (b > 1)", "truth"),
        ("null(a) or 255 == goal", "truth"),
    ],
)
def test_the_kind_of_an_expression(text: str, kind: str) -> None:
    """Whole numbers stay whole until they are divided; comparisons are conditions."""
    assert kind_of(parse(text), NAMES, WORDS, ("/", "sqrt", "null")) == kind


@pytest.mark.parametrize("text", ["a > (b > 1)", "True", "a if b else a", "[a]", "half * 2", "sqrt(a, b)", "a @ b"])
def test_what_the_language_does_not_have(text: str) -> None:
    """It is refused, not computed in some way."""
    with pytest.raises(DefinitionError):
        kind_of(parse(text), NAMES, WORDS, ("/", "sqrt"))


def test_names_are_those_of_values() -> None:
    """Functions are not among them."""
    assert names_in(parse("sqrt(a) / b + a")) == {"a", "b"}


def test_words_become_codes_and_names_become_variables() -> None:
    """A word is the position in the list of the column that it is compared with."""
    text = "channel == SHOP and WEB != channel or channel != 255 and a > 0"
    code = translated(text, WORDS, lambda name: f"event_{name}")
    assert code == "event_channel == 1 and event_channel != 0 or (event_channel != 255 and event_a > 0)"


@given(st.integers(0, 9), st.integers(0, 9))
def test_a_translation_means_what_the_text_means(a: int, b: int) -> None:
    """Parentheses that change the result stay."""
    for text in ("(a + b) * (a - b)", "a - (b - a)", "-(a + b)", "a * b - a", "not (a > b or b > 5)"):
        assert eval(translated(text, {})) == eval(text)


def test_the_nearest_name_is_suggested() -> None:
    """In its own spelling; of many names no list is given when one is near."""
    assert expected_one_of("phon", ["PHONE", "EMAIL"]) == "expected one of PHONE, EMAIL (did you mean PHONE?)"
    many = [f"name{number:02}" for number in range(20)]
    assert expected_one_of("nam07", many) == "did you mean name07?"
    assert expected_one_of("x", many) == f"expected one of {', '.join(many[:12])} and 8 more"
