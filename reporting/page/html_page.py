"""The report as one self-contained HTML page: no network, no other file, and no code made from text."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from features.atomic_file import atomic_write
from reporting.advice import misses
from reporting.base_over_time import STEP_DAYS
from reporting.build import Report
from reporting.charts.specifications import chart_specifications
from reporting.page.contact_data import contact_data
from reporting.page.customer_columns import customer_columns, customer_facts
from reporting.page.customer_pages import parts_of
from reporting.page.rendering import PAGE_CUSTOMERS, columns, render, rows
from reporting.page.workshop import workshop_data
from reporting.returns import list_length
from reporting.stability import stability
from reporting.tables import best_forecasts

SCRIPTS = (
    *("texts.js", "csv.js", "charts.js", "customer_address.js", "customer_view.js", "lists.js", "swap.js", "lookup.js"),
    *("theme.js", "formula.js", "workshop.js", "page.js"),
)
SECTIONS = (
    *("headline", "contact", "stability", "gain", "calibration", "swap", "segments", "returns", "weights", "workshop"),
    *("base", "customer", "change", "all"),
)
LISTED_UNMATCHED = 200
"""The most customers listed with a score or a forecast only; absent.csv has all of them."""


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
    customers = page_customers(report, seed)
    comparison, tables = report.comparison, report.tables
    charts = chart_specifications(tables, report.thresholds)
    compared = comparison.compared_model
    workshop = workshop_data(comparison, seed)
    data = {
        **customer_facts(report),
        "total": len(tables["customers"]),
        "formula_version": comparison.formula.version,
        "model_version": compared.version,
        "parts": parts_of(len(tables["customers"])) if files else None,
        "thresholds": report.thresholds,
        "charts": charts,
        "customers": columns(customers),
        "workshop": workshop,
        "lists": contact_data(tables),
    }
    return render(
        "page.html",
        language,
        ("page.title", {}),
        SCRIPTS,
        data,
        made="page.made",
        sections=SECTIONS,
        code_version=compared.model.card.code_version,
        report=report,
        misses=misses,
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
        warnings=report.warnings,
        best=best_forecasts(tables["measures"]),
        trials=tables["trials"],
        workshop_customers=len(workshop["customers"]),
        base_step=STEP_DAYS,
        without_outliers=rows(tables["list_lengths"].query("purpose == 'spend' and measure == 'money_without'")),
        stable=stability(tables["verdicts"]),
    )


def page_customers(report: Report, seed: int = 0) -> pd.DataFrame:
    """Return the single customers in the page: at most `PAGE_CUSTOMERS`, drawn at random, in the order of the table.

    Each has the columns of the customer table, the factors of the forecast and the steps of the change.
    """
    table = customer_columns(report)
    if len(table) <= PAGE_CUSTOMERS:
        return table
    chosen = np.random.default_rng(seed).choice(len(table), PAGE_CUSTOMERS, replace=False)
    return table.iloc[np.sort(chosen)]
