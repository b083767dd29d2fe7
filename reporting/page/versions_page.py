"""The comparison of two versions as one self-contained HTML page, in the style of the report."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.as_of import AsOf
from features.atomic_file import atomic_write
from reporting.charts.versions import distribution_chart, forecast_scatter
from reporting.page.rendering import PAGE_CUSTOMERS, render, rows
from reporting.version_comparison import SIDES, VersionComparison
from reporting.version_tables import BAND_NAMES, movers

SCRIPTS = ("texts.js", "charts.js", "theme.js", "versions.js")
SECTIONS = ("v_summary", "v_measures", "v_distribution", "v_bands", "v_segments", "v_movers", "v_about")
LISTED = 10
"""How many of the largest changes each way the page has."""
SAME = 0.0005
"""A relative change of the total that is called none, half of what is shown."""


def write_versions_page(
    path: str | Path,
    compared: VersionComparison,
    tables: Mapping[str, pd.DataFrame],
    warnings: list[tuple[str, dict[str, str]]],
    language: str = "en",
) -> None:
    """Write the page to a file; see `render_versions` for the parameters."""
    text = render_versions(compared, tables, warnings, language)
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8")


def render_versions(
    compared: VersionComparison,
    tables: Mapping[str, pd.DataFrame],
    warnings: list[tuple[str, dict[str, str]]],
    language: str = "en",
    seed: int = 0,
) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    compared : VersionComparison
        Both versions at one date.
    tables : mapping of str to pandas.DataFrame
        What `reporting.version_tables.version_tables` returns.
    warnings : list of (str, dict)
        Keys and arguments of texts about the date and the log, see `reporting.log_warnings`.
    language : {"en", "zh"}
        The page's first language; the page can switch it.
    seed : int
        Seed of the sample in the plot, of at most `PAGE_CUSTOMERS` customers.
    """
    numbers = (compared.versions["first"].number, compared.versions["second"].number)
    names = {side: str(number) for side, number in zip(SIDES, numbers, strict=True)}
    customers = tables["forecasts"]
    shown = customers
    if len(shown) > PAGE_CUSTOMERS:
        chosen = np.random.default_rng(seed).choice(len(shown), PAGE_CUSTOMERS, replace=False)
        shown = shown.iloc[np.sort(chosen)]
    charts: dict[str, Any] = {
        f"distribution_{name}": distribution_chart(groups, numbers, f"distribution.{name}").to_dict()
        for name, groups in tables["distribution"].groupby("forecast", sort=False)
    }
    charts["scatter"] = forecast_scatter(shown, numbers).to_dict()
    agreement = tables["version_agreement"].set_index("figure")["value"]
    change = agreement["total_ratio"] - 1
    return render(
        "versions.html",
        language,
        ("versions.title", names),
        SCRIPTS,
        {"charts": charts},
        made="versions.made",
        sections=SECTIONS,
        code_version=compared.versions["second"].model.card.code_version,
        c=compared,
        names=names,
        tables=tables,
        agreement=agreement,
        total="same" if abs(change) < SAME or np.isnan(change) else "up" if change > 0 else "down",
        totals={row["side"]: row for row in tables["totals"].to_dict("records")},
        better=_better(tables["version_differences"]),
        bands=BAND_NAMES,
        crossed=tables["bands"].set_index(["first", "second"])["customers"],
        movers={"up": movers(customers, True, LISTED), "down": movers(customers, False, LISTED)},
        sampled=len(shown),
        log_last=str(AsOf.at_midnight(compared.log_end.day - 1, compared.timezone).date),
        last_day=str(compared.cutoff.date + timedelta(days=compared.horizon_days - 1)),
        warnings=warnings,
    )


def _better(differences: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what the losses of the outcome say: which version is better, with the difference and its interval."""
    losses = differences[differences["measure"].isin(["deviance", "log_loss"])]
    verdicts = np.select([losses["high"] < 0, losses["low"] > 0], ["second", "first"], "none")
    return rows(losses.assign(verdict=verdicts))
