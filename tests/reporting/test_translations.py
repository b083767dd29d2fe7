"""The catalogues: the same texts in every language, and none keys for that is not there."""

import re
from importlib import resources

import pytest

from reporting.charts.specifications import chart_specifications
from reporting.translations import LANGUAGES, catalogue, html_text, plain_text

PAGE = resources.files("reporting.page")
PARTS = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_has_the_same_texts(language):
    """The same keys, each with the same arguments."""
    first, other = catalogue(LANGUAGES[0]), catalogue(language)
    assert set(first) == set(other)
    assert {name for name in first if set(PARTS.findall(first[name])) != set(PARTS.findall(other[name]))} == set()
    assert all(other[name].count("*") % 2 == 0 for name in other)


def test_an_unknown_language_is_one_line():
    """The error lists the languages."""
    with pytest.raises(ValueError, match="no catalogue 'xx': choose one of en, zh"):
        catalogue("xx")


def test_every_text_used_is_in_the_catalogue(report):
    """Those of the template, the scripts and the charts."""
    texts = catalogue("en")
    keys = set()
    for template in (each.name for each in PAGE.iterdir() if each.name.endswith(".html")):
        keys |= set(
            re.findall(r'\b(?:t|explanation|label|scrolled)\("([a-z_.-]+)"', PAGE.joinpath(template).read_text())
        )
    for script in (each.name for each in PAGE.iterdir() if each.name.endswith(".js")):
        keys |= set(re.findall(r'\b(?:text|nodes)\("([a-z_.-]+)"', PAGE.joinpath(script).read_text()))
    specifications = str(chart_specifications(report.tables, report.thresholds))
    keys |= set(re.findall(r"@t:([a-z_.-]+)", specifications))
    assert {name for name in keys if not name.endswith((".", "_")) and name not in texts} == set()


def test_arguments_are_escaped():
    """Values are escaped; only stars make bold; an unknown key is shown by its last word."""
    texts = {"a": "*{n}* of <{m}>", "b": "word"}
    assert html_text(texts, "a", {"n": "<i>", "m": "@b"}) == "<strong>&lt;i&gt;</strong> of &lt;word&gt;"
    assert plain_text(texts, "part.free_text") == "free text"
