"""The catalogues: the same texts in every language, and none asked for that is not there."""

import re
from importlib import resources

import pytest

from reporting.charts import charts
from reporting.translations import LANGUAGES, catalogue, marked, plain

FILES = resources.files("reporting")
PAGE = resources.files("reporting.page")
PARTS = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_says_the_same_things(language):
    """The same names, each with the same places to fill in."""
    first, other = catalogue(LANGUAGES[0]), catalogue(language)
    assert set(first) == set(other)
    assert {name for name in first if set(PARTS.findall(first[name])) != set(PARTS.findall(other[name]))} == set()
    assert all(other[name].count("*") % 2 == 0 for name in other)


def test_an_unknown_language_is_one_line():
    """It says which there are."""
    with pytest.raises(ValueError, match="no catalogue 'xx': take one of en, zh"):
        catalogue("xx")


def test_every_text_asked_for_is_there(report):
    """By the template, the scripts and the pictures."""
    words = catalogue("en")
    asked = set(re.findall(r'\bt\("([a-z_.-]+)"', PAGE.joinpath("page.html").read_text()))
    asked |= set(re.findall(r'\b(?:how|label)\("([a-z_.-]+)"', PAGE.joinpath("page.html").read_text()))
    for script in ("words.js", "charts.js", "swap.js", "lookup.js", "page.js"):
        asked |= set(re.findall(r'\b(?:text|nodes)\("([a-z_.-]+)"', PAGE.joinpath(script).read_text()))
    drawn = str(charts(report.tables, report.cuts))
    asked |= set(re.findall(r"@t:([a-z_.-]+)", drawn))
    assert {name for name in asked if not name.endswith((".", "_")) and name not in words} == set()


def test_what_is_filled_in_cannot_be_html():
    """Values are escaped; stars alone make bold; an unknown name is said by its last word."""
    words = {"a": "*{n}* of <{m}>", "b": "word"}
    assert marked(words, "a", {"n": "<i>", "m": "@b"}) == "<strong>&lt;i&gt;</strong> of &lt;word&gt;"
    assert plain(words, "part.free_text") == "free text"
