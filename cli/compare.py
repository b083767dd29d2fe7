"""`regulars compare`: the rule against the model on the same customers, as a page, a workbook and tables."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli import options
from cli.settings import settings_with
from cli.terminal import echo, progress_steps
from cli.tracking import has_tracking_store, opened_tracking
from features.settings_file import read_settings

if TYPE_CHECKING:
    from reporting.build import Report

PAGE, WORKBOOK, TABLES = "report.html", "report.xlsx", "tables"
OUTCOMES = {"purchases": "purchase days", "stayed_away": "customers who churned", "spend": "spend"}


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def compare(
        store: options.Store,
        out: Annotated[
            Path,
            typer.Option(
                "--out", metavar="DIR", file_okay=False, callback=options.check_writable, help="The folder to write to."
            ),
        ],
        as_of: Annotated[
            str | None,
            typer.Option(
                "--as-of",
                metavar="DATE",
                callback=options.check_date,
                help="The date to compare at. Without it: the latest date whose horizon is in the log.",
            ),
        ] = None,
        horizon_days: options.OptionalHorizonDays = None,
        since: Annotated[
            str | None,
            typer.Option(
                metavar="DATE",
                callback=options.check_date,
                help="Show what changed since this date. Without it: one horizon before the date.",
            ),
        ] = None,
        formula: options.FormulaFile = None,
        formula_then: Annotated[
            Path | None,
            typer.Option(metavar="FILE", help="The formula in use at the earlier date, if it was a different one."),
        ] = None,
        language: Annotated[
            Literal["en", "zh"], typer.Option(help="The page's first language; the page can switch it.")
        ] = "en",
        home: options.Home = options.DEFAULT_HOME,
        quick: options.Quick = False,
    ) -> None:
        """Compare the rule with the model at a past date, by what customers did afterwards, and write the report.

        The model is the champion if it was trained only on events before the date; otherwise a model is trained for
        this report. DIR gets `report.html` (self-contained), `report.xlsx`, and every table in `tables/`.

        Example: `regulars compare store --as-of 2011-06-10 --horizon-days 183 --out report`
        """
        from features.loyalty.formula import load_formula
        from reporting.build import make_report
        from reporting.export import write_tables, write_workbook
        from reporting.page.html_page import write_page
        from training.settings import FitSettings, ForecastSettings

        rule = options.formula_in_use(formula)
        horizon_days = settings_with("forecast", ForecastSettings, horizon_days=horizon_days).horizon_days
        fit = read_settings("fit", FitSettings)
        earlier_rule = load_formula(formula_then) if formula_then else rule
        with options.opened_store(store) as events, progress_steps() as step:
            tracking = opened_tracking(home, read_only=True) if has_tracking_store(home) else None
            report = make_report(events, as_of, horizon_days, rule, since, earlier_rule, tracking, quick, step, fit)
            step("writing")
            write_tables(out / TABLES, report.tables)
            write_workbook(out / WORKBOOK, report.tables)
            write_page(out / PAGE, report, language)
        _echo_summary(report)
        echo(f"-> {out / PAGE}, {WORKBOOK} and {TABLES}/")


def _echo_summary(report: "Report") -> None:
    """Print which model was compared on how many customers, and what the lists of both sides brought."""
    comparison = report.comparison
    number = comparison.compared_model.version
    model = "a model trained for this report" if number is None else f"champion version {number}"
    customers = f"{len(comparison.purchases):,} customers at {comparison.as_of}"
    echo(f"{customers}, compared over the next {comparison.horizon_days} days with {model}")
    if len(comparison.unmatched):
        echo(f"{len(comparison.unmatched):,} customers have a score or a forecast only; see {TABLES}/absent.csv")
    for row in report.tables["headline"].itertuples():
        lists = f"{row.by_model:,.0f} by the model, {row.by_rule:,.0f} by the rule"
        interval = f"difference {row.difference:+,.0f}, 95 % interval {row.low:+,.0f} to {row.high:+,.0f}"
        echo(f"{OUTCOMES[str(row.outcome)]} among the top {row.list:,}: {lists} ({interval})")
