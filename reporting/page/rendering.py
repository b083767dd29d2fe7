"""What the pages have in common: the template, scripts and styles, and data as JSON.

Vega's expressions are interpreted, not compiled, so that the page's policy needs no `unsafe-eval`.
"""

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from features.content_security import content_security_policy
from reporting.number_formats import count, measure, money, number, share, signed
from reporting.translations import LANGUAGES, catalogue, plain_text, translator
from reporting.verdicts import verdict

PAGE_CUSTOMERS = 5_000
"""The most customers in a page: more would clutter a scatter plot and make the file too large to mail."""
SIGNIFICANT_DIGITS = 7
SHORT = 240
"""Explanations of fewer letters, in English, stand in one column."""


def render(
    template: str,
    language: str,
    title: tuple[str, Mapping[str, str]],
    scripts: Sequence[str],
    data: Mapping[str, Any] | str,
    *,
    libraries: Sequence[str] | None = None,
    **context: Any,
) -> str:
    """Return a page as HTML.

    Parameters
    ----------
    template : str
        A file of this package that extends `base.html`.
    language : {"en", "zh"}
        The first language.
    title : tuple of str and mapping
        The key of the page's title, and its arguments.
    scripts : sequence of str
        Files of this package, which run in this order after the libraries.
    data : mapping or str
        What the scripts read, beside the texts; `charts` has the specifications of the charts. A text stands alone, in
        place of all data.
    libraries : sequence of str, optional
        Scripts that run first; without it Vega.
    context : Any
        What the template reads.
    """
    catalogues = {name: catalogue(name) for name in LANGUAGES}
    texts = catalogues[language]
    environment = Environment(
        loader=PackageLoader("reporting.page", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {
        "count": count,
        "share": share,
        "number": number,
        "signed": signed,
        "measure": measure,
        "rows": rows,
        "money": money,
    }
    environment.globals["verdict_of"] = verdict
    style = page_file("page.css")
    inline = [*([vega_script()] if libraries is None else libraries), "\n".join(page_file(name) for name in scripts)]
    shared = {
        "language": language,
        "catalogues": catalogues,
        "title": {"key": title[0], "values": title[1]},
    }
    return environment.get_template(template).render(
        t=translator(texts),
        label=lambda key: plain_text(texts, key),
        is_short=lambda key: len(plain_text(catalogues["en"], key)) < SHORT,
        heading=plain_text(texts, *title),
        language=language,
        style=Markup(style),
        scripts=[Markup(script) for script in inline],
        policy=content_security_policy(inline, [style]),
        data=Markup(as_json(data if isinstance(data, str) else {**shared, **data})),
        **context,
    )


def columns(table: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the columns as lists for JSON: numbers to `SIGNIFICANT_DIGITS` digits, null for missing values."""
    return {str(name): [_json_value(value) for value in column.tolist()] for name, column in table.items()}


def as_json(data: Mapping[str, Any] | str) -> str:
    """Return the data as JSON that cannot end the script element around it."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_json_value)
    escapes = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
    for character, escape in escapes.items():
        text = text.replace(character, escape)
    return text


@cache
def vega_script() -> str:
    """Return Vega-Lite and Vega as one script, from the copy that vl-convert brings."""
    import vl_convert

    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script")


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries for the template."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _json_value(value: Any) -> Any:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            return None
        rounded = float(f"{float(value):.{SIGNIFICANT_DIGITS}g}")
        return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded
    return None if value is None or value is pd.NA else str(value)


def page_file(name: str) -> str:
    """Return the text of a file of this package."""
    return resources.files("reporting.page").joinpath(name).read_text(encoding="utf-8")
