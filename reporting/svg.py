"""The report's pictures outside its page: for notebooks and documents, drawn without a browser or a network."""

import json
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any

from features.errors import InvalidArgumentError
from reporting.build import Report
from reporting.charts import charts
from reporting.customers import outcome_rows
from reporting.translations import catalogue, plain


@dataclass(frozen=True)
class Picture:
    """An SVG that notebooks show."""

    svg: str

    def _repr_svg_(self) -> str:
        return self.svg


def picture(report: Report, name: str, language: str = "en", width: int = 520) -> Picture:
    """Return a picture of the report by the name of its place on the page (see `charts.charts`), in light colours.

    Raises ValueError for a name that the report has no picture of.
    """
    import vl_convert

    drawn = charts(report.tables, report.cuts)
    if name not in drawn:
        raise InvalidArgumentError(f"the report has no picture {name!r}: take one of {', '.join(drawn)}")
    words = catalogue(language)
    style = resources.files("reporting.page").joinpath("page.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--(\w+): (#\w+)", style.partition("[data-theme")[0]))
    spec = _filled(drawn[name], words, colours) | {"width": width, "background": colours["card"]}
    if name == "swap":
        spec["datasets"]["customers"] = outcome_rows(
            report.tables["customers"], words["word.bought"], words["word.stayed_away"]
        )
    spec["config"] = {"view": {"stroke": None}, "axis": {"gridColor": colours["line"]}}
    return Picture(vl_convert.vegalite_to_svg(json.dumps(spec)))


def _filled(value: Any, words: dict[str, str], colours: dict[str, str]) -> Any:
    if isinstance(value, str) and value.startswith("@"):
        return plain(words, value[3:]) if value.startswith("@t:") else colours[value[1:]]
    if isinstance(value, list):
        return [_filled(each, words, colours) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, words, colours) for key, each in value.items()}
    return value
