"""Charts of the report as SVG, for notebooks and documents; drawn without a browser or a network."""

import json
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any

from features.errors import InvalidArgumentError
from reporting.build import Report
from reporting.charts.specifications import chart_builders
from reporting.charts.style import Chart
from reporting.customers import scatter_rows
from reporting.translations import catalogue, plain_text


@dataclass(frozen=True)
class SvgChart:
    """A chart that a notebook displays.

    Attributes
    ----------
    svg : str
        The SVG document.
    """

    svg: str

    def _repr_svg_(self) -> str:
        return self.svg


def svg_chart(report: Report, name: str, language: str = "en", width: int = 520) -> SvgChart:
    """Return a chart of the report in light colours.

    Parameters
    ----------
    report : Report
        What `reporting.build.make_report` returns.
    name : str
        The chart's name on the page, for instance `gain_purchases`, `reliability` or `swap`.
    language : {"en", "zh"}
        The language of its texts.
    width : int
        Width in pixels.

    Returns
    -------
    SvgChart

    Raises
    ------
    InvalidArgumentError
        When the report has no chart of that name, or the language is unknown.
    """
    return _drawn(filled_specification(report, name, language, width))


def draw(chart: Chart, language: str = "en", width: int = 520) -> SvgChart:
    """Return any chart of `reporting.charts` in light colours, for instance `cohort_chart(cohorts)`."""
    return _drawn(_filled_chart(chart, language, width))


def _drawn(specification: dict[str, Any]) -> SvgChart:
    import vl_convert

    return SvgChart(vl_convert.vegalite_to_svg(json.dumps(specification)))


def filled_specification(report: Report, name: str, language: str = "en", width: int = 520) -> dict[str, Any]:
    """Return the Vega-Lite specification of a chart with all its texts, colours and data filled in."""
    builders = chart_builders(report.tables, report.thresholds)
    if name not in builders:
        raise InvalidArgumentError(f"the report has no chart {name!r}: choose one of {', '.join(builders)}")
    texts = catalogue(language)
    specification = _filled_chart(builders[name](), language, width)
    if name == "swap":
        specification["datasets"]["customers"] = scatter_rows(
            report.tables["customers"], texts["label.bought"], texts["label.stayed_away"]
        )
    return specification


def _filled_chart(chart: Chart, language: str, width: int) -> dict[str, Any]:
    style = resources.files("reporting.page").joinpath("page.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--(\w+): (#\w+)", style.partition("[data-theme")[0]))
    specification: dict[str, Any] = _filled(chart.to_dict(), catalogue(language), colours)
    config = {"view": {"stroke": None}, "axis": {"gridColor": colours["line"]}}
    return specification | {"width": width, "background": colours["card"], "config": config}


def _filled(value: Any, texts: dict[str, str], colours: dict[str, str]) -> Any:
    if isinstance(value, str) and value.startswith("@"):
        return plain_text(texts, value[3:]) if value.startswith("@t:") else colours[value[1:]]
    if isinstance(value, list):
        return [_filled(item, texts, colours) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item, texts, colours) for key, item in value.items()}
    return value
