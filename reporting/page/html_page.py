"""The report as one self-contained HTML page: no network, no other file, and no code made from text.

The page's Content-Security-Policy names every script and style by its hash and forbids all others. Vega's expressions
are interpreted, not compiled, so that `unsafe-eval` is not needed. A service may serve the file unchanged.
"""

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from features.atomic_file import atomic_write
from reporting.build import Report
from reporting.change import MODEL_STEPS, rule_steps
from reporting.charts.specifications import chart_specifications
from reporting.explanations import factor_names
from reporting.returns import list_length
from reporting.translations import LANGUAGES, catalogue, plain_text, translator

PAGE_CUSTOMERS = 5_000
"""The most customers in the page: more would clutter the scatter plot and make the file too large to mail."""
SCRIPTS = ("texts.js", "charts.js", "swap.js", "lookup.js", "page.js")
SIGNIFICANT_DIGITS = 7
LISTED_UNMATCHED = 200
"""The most customers listed with a score or a forecast only; absent.csv has all of them."""
LEFT_OUT = ["rule_place", "model_place", "T", "stayed_away"]


def write_page(path: str | Path, report: Report, language: str = "en", files: bool = True, seed: int = 0) -> None:
    """Write the page to a file.

    Parameters
    ----------
    path : str or pathlib.Path
        The file to write.
    report : Report
        What `reporting.build.make_report` returns.
    language : {"en", "zh"}
        The page's first language; the page can switch it.
    files : bool
        Whether the page names the workbook and the tables beside it.
    seed : int
        Seed of the sample: the page holds at most `PAGE_CUSTOMERS` customers and says so; all other figures cover all.

    Raises
    ------
    InvalidArgumentError
        When the language is unknown.
    """
    text = render_page(report, language, files, seed)
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8")


def render_page(report: Report, language: str = "en", files: bool = True, seed: int = 0) -> str:
    """Return the page as HTML; see `write_page` for the parameters."""
    texts = catalogue(language)
    customers = page_customers(report, seed)
    comparison, tables = report.comparison, report.tables
    environment = Environment(
        loader=PackageLoader("reporting.page", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"count": count, "share": share, "number": number, "signed": signed, "rows": rows}
    charts = chart_specifications(tables, report.thresholds)
    data = {
        "language": language,
        "catalogues": {name: catalogue(name) for name in LANGUAGES},
        "as_of": comparison.as_of,
        "since": report.change.since if report.change else None,
        "horizon_days": comparison.horizon_days,
        "total": len(tables["customers"]),
        "parts": [part.name for part in comparison.formula.parts],
        "factors": factor_names(tables["why"]),
        "average": float(tables["why"]["average"].iloc[0]),
        "steps": {"rule": rule_steps(report.change.rule), "model": list(MODEL_STEPS)} if report.change else None,
        "thresholds": report.thresholds,
        "charts": charts,
        "customers": columns(customers),
    }
    style = _page_file("page.css")
    scripts = [vega_script(), "\n".join(_page_file(name) for name in SCRIPTS)]
    return environment.get_template("page.html").render(
        t=translator(texts),
        label=lambda key: plain_text(texts, key),
        language=language,
        report=report,
        c=comparison,
        tables=tables,
        charts=set(charts),
        sampled=len(customers),
        files=files,
        last_day=str(comparison.cutoff.date + timedelta(days=comparison.horizon_days - 1)),
        listed=LISTED_UNMATCHED,
        returns_list=list_length(len(comparison.features)),
        quadrants={row["quadrant"]: row for row in rows(tables["quadrants"])},
        since=report.since,
        style=Markup(style),
        scripts=[Markup(script) for script in scripts],
        policy=content_security_policy(scripts, [style]),
        data=Markup(as_json(data)),
    )


def content_security_policy(scripts: list[str], styles: list[str]) -> str:
    """Return the Content-Security-Policy that allows these inline texts by hash, and requests to the page's own host.

    The same text serves as a header; `frame-ancestors` has an effect only there, so a service adds it.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(_hash(text) for text in scripts)}",
            f"style-src {' '.join(_hash(text) for text in styles)}",
            "img-src data: blob:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def page_customers(report: Report, seed: int = 0) -> pd.DataFrame:
    """Return the single customers in the page: at most `PAGE_CUSTOMERS`, drawn at random, in the order of the table.

    Each has the columns of the customer table, the factors of the forecast and the steps of the change.
    """
    customers = report.tables["customers"]
    chosen = np.arange(len(customers))
    if len(chosen) > PAGE_CUSTOMERS:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, PAGE_CUSTOMERS, replace=False))
    why = report.tables["why"]
    factors = why.iloc[chosen][factor_names(why)].add_prefix("factor_")
    values = customers.iloc[chosen].drop(columns=LEFT_OUT)
    table = pd.concat([values.reset_index(drop=True), factors.reset_index(drop=True)], axis=1)
    if report.change is None:
        return table
    for side, change, steps in (
        ("rule", report.change.rule, rule_steps(report.change.rule)),
        ("model", report.change.model, list(MODEL_STEPS)),
    ):
        table = table.join(change[["before", "now", *steps]].add_prefix(f"change_{side}_"), on="customer_id")
    return table


def columns(table: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the columns as lists for JSON: numbers to `SIGNIFICANT_DIGITS` digits, null for missing values."""
    return {str(name): [_json_value(value) for value in column.tolist()] for name, column in table.items()}


def as_json(data: Mapping[str, Any]) -> str:
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


def count(value: float) -> str:
    """Return a number of things: 1,234."""
    return "–" if _missing(value) else f"{value:,.0f}"


def share(value: float) -> str:
    """Return a share of 1 in per cent, without the sign: 54.3."""
    return "–" if _missing(value) else f"{100 * value:.1f}"


def number(value: float, digits: int = 2) -> str:
    """Return a number with this many decimals: 1,234.50."""
    return "–" if _missing(value) else f"{value:,.{digits}f}"


def signed(value: float, digits: int = 0) -> str:
    """Return a difference with its sign: +9, −8."""
    return "–" if _missing(value) else f"{value:+,.{digits}f}".replace("-", "−")


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries for the template."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _missing(value: float) -> bool:
    return value is None or math.isnan(value)


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


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _page_file(name: str) -> str:
    return resources.files("reporting.page").joinpath(name).read_text(encoding="utf-8")
