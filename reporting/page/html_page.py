"""The report as one HTML page that needs nothing else: no network, no other file, no code from text.

Its own Content-Security-Policy names every script and style by its hash and forbids the rest; Vega's expressions are
interpreted, not compiled, so that `unsafe-eval` is not needed. A service may hand the file out as it is.
"""

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from datetime import date, timedelta
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
from reporting.change import MODEL_PARTS, rule_steps
from reporting.charts import charts
from reporting.explanations import PARTS
from reporting.translations import LANGUAGES, catalogue, plain, speaker

SAMPLE = 5_000
"""The page holds at most so many customers: beyond, the picture is a blot and the file too large to mail."""
SCRIPTS = ("words.js", "charts.js", "swap.js", "lookup.js", "page.js")
DIGITS = 7
NAMED = 200
"""So many of the customers on one side only are named on the page; the file beside it has them all."""


def write_page(path: str | Path, report: Report, language: str = "en", files: bool = True, seed: int = 0) -> None:
    """Write the page to a file, in a language to begin with; `files`: whether the tables stand beside it.

    At most `SAMPLE` customers, drawn at random with `seed`, are in the page, which says so; all other figures are of
    every customer. Raises ValueError for an unknown language.
    """
    text = page(report, language, files, seed)
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8")


def page(report: Report, language: str = "en", files: bool = True, seed: int = 0) -> str:
    """Return the page as text; see `write_page`."""
    words = catalogue(language)
    sample = sampled(report, seed)
    comparison, tables = report.comparison, report.tables
    environment = Environment(
        loader=PackageLoader("reporting.page", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"count": count, "share": share, "number": number, "signed": signed, "rows": rows}
    drawn = charts(tables, report.cuts)
    data = {
        "language": language,
        "catalogues": {name: catalogue(name) for name in LANGUAGES},
        "as_of": comparison.as_of,
        "since": report.change.since if report.change else None,
        "horizon": comparison.horizon,
        "total": len(tables["customers"]),
        "parts": [part.name for part in comparison.formula.parts],
        "factors": list(PARTS),
        "average": float(tables["why"]["average"].iloc[0]),
        "steps": {"rule": rule_steps(report.change.rule), "model": list(MODEL_PARTS)} if report.change else None,
        "cuts": report.cuts,
        "charts": drawn,
        "customers": columns(sample),
    }
    style = _file("page.css")
    scripts = [vega(), "\n".join(_file(name) for name in SCRIPTS)]
    return environment.get_template("page.html").render(
        t=speaker(words),
        label=lambda name: plain(words, name),
        language=language,
        report=report,
        c=comparison,
        tables=tables,
        drawn=set(drawn),
        sampled=len(sample),
        files=files,
        ends=str(date.fromisoformat(comparison.as_of) + timedelta(days=comparison.horizon - 1)),
        named=NAMED,
        q={row["quadrant"]: row for row in rows(tables["quadrants"])},
        since=report.since,
        style=Markup(style),
        scripts=[Markup(script) for script in scripts],
        policy=policy(scripts, [style]),
        data=Markup(as_json(data)),
    )


def policy(scripts: list[str], styles: list[str]) -> str:
    """Return the Content-Security-Policy that allows these inline texts by hash, and asking one's own host.

    The same line serves as a header; `frame-ancestors` counts only there, so a service adds it.
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


def sampled(report: Report, seed: int = 0) -> pd.DataFrame:
    """Return what the page holds of single customers: at most `SAMPLE`, drawn at random, in order of their id."""
    customers = report.tables["customers"]
    at = np.arange(len(customers))
    if len(at) > SAMPLE:
        at = np.sort(np.random.default_rng(seed).choice(at, SAMPLE, replace=False))
    told = customers.iloc[at].drop(columns=["rule_place", "model_place", "T", "stayed_away"])
    why = report.tables["why"].iloc[at][list(PARTS)].add_prefix("factor_")
    table = pd.concat([told.reset_index(drop=True), why.reset_index(drop=True)], axis=1)
    if report.change is None:
        return table
    for side, change, steps in (
        ("rule", report.change.rule, rule_steps(report.change.rule)),
        ("model", report.change.model, list(MODEL_PARTS)),
    ):
        of_side = change[["before", "now", *steps]].add_prefix(f"change_{side}_")
        table = table.join(of_side, on="customer_id")
    return table


def columns(table: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the columns as lists for JSON: numbers to `DIGITS` digits, null for what is absent."""
    return {str(name): [_cell(value) for value in column.tolist()] for name, column in table.items()}


def as_json(data: Mapping[str, Any]) -> str:
    """Return the data as JSON that cannot end the script it stands in."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_cell)
    escapes = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
    for character, written in escapes.items():
        text = text.replace(character, written)
    return text


@cache
def vega() -> str:
    """Return the script that draws: Vega-Lite and Vega, from vl-convert's own copy."""
    import vl_convert

    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script")


def count(value: float) -> str:
    """Return a number of things: 1,234."""
    return "–" if _absent(value) else f"{value:,.0f}"


def share(value: float) -> str:
    """Return a share of 1 in per cent, without the sign: 54.3."""
    return "–" if _absent(value) else f"{100 * value:.1f}"


def number(value: float, digits: int = 2) -> str:
    """Return a number with so many decimals: 1,234.50."""
    return "–" if _absent(value) else f"{value:,.{digits}f}"


def signed(value: float, digits: int = 0) -> str:
    """Return a difference, with its sign: +9, −8."""
    return "–" if _absent(value) else f"{value:+,.{digits}f}".replace("-", "−")


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table for the template."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _absent(value: float) -> bool:
    return value is None or math.isnan(value)


def _cell(value: Any) -> Any:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            return None
        short = float(f"{float(value):.{DIGITS}g}")
        return int(short) if short.is_integer() and abs(short) < 1e15 else short
    return None if value is None or value is pd.NA else str(value)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _file(name: str) -> str:
    return resources.files("reporting.page").joinpath(name).read_text(encoding="utf-8")
