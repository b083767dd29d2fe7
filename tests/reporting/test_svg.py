"""Charts as SVG outside the page: drawn without a browser, with every text and colour filled in."""

import re

import pytest

from reporting.charts.specifications import chart_builders
from reporting.svg import svg_chart


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_chart_is_drawn(report, language):
    """An SVG that a notebook shows, with no placeholder of the page left in it."""
    for name in chart_builders(report.tables, report.thresholds):
        svg = svg_chart(report, name, language)._repr_svg_()
        assert svg.startswith("<svg")
        assert re.findall(r"@(?:t:|\w+\")", svg) == [], name


def test_the_width_is_that_asked_for(report):
    """The plot is as wide as asked for, and its axis labels come on top."""
    narrow, wide = (
        float(re.search(r'width="([\d.]+)"', svg_chart(report, "deciles_model", width=width).svg).group(1))
        for width in (300, 500)
    )
    assert wide - narrow == pytest.approx(200, abs=1)


def test_an_unknown_chart_is_one_line(report):
    """The error lists the charts of the report."""
    with pytest.raises(ValueError, match="no chart 'nothing': choose one of swap, segments"):
        svg_chart(report, "nothing")
