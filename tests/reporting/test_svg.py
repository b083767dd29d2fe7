"""The pictures outside the page: each draws without a browser, with every word and colour filled in."""

import re

import pytest

from reporting.charts import charts
from reporting.svg import picture


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_picture_draws(report, language):
    """An SVG that a notebook shows, with no mark of the page left in it."""
    for name in charts(report.tables, report.cuts):
        drawn = picture(report, name, language)._repr_svg_()
        assert drawn.startswith("<svg")
        assert re.findall(r"@(?:t:|\w+\")", drawn) == [], name


def test_a_picture_that_is_not_there_is_one_line(report):
    """It says which there are."""
    with pytest.raises(ValueError, match="no picture 'nothing': take one of swap, segments"):
        picture(report, "nothing")
