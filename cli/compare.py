"""`regulars compare`: the rule against the model, or one version against another, as a page, a workbook and tables."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli import options
from cli.opened_store import opened_store
from cli.settings import settings_with
from cli.terminal import echo, progress_steps
from cli.tracking import has_tracking_store, opened_tracking
from features.plurals import counted
from features.settings_file import read_settings

if TYPE_CHECKING:
    import pandas as pd

    from features.store.event_store import EventStore
    from reporting.build import Report
    from reporting.version_comparison import VersionComparison

SUMMARY = "report.json"
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
                help="The date to compare at. Without it: the latest date whose horizon is in the log; with --versions "
                "the day after the log's last.",
            ),
        ] = None,
        horizon_days: options.OptionalHorizonDays = None,
        versions: Annotated[
            tuple[int, int] | None,
            typer.Option(metavar="A B", help="Compare the forecasts of these two registered versions instead."),
        ] = None,
        since: Annotated[
            str | None,
            typer.Option(
                metavar="DATE",
                callback=options.check_date,
                help="Show what changed since this date. Without it: one horizon before the date.",
            ),
        ] = None,
        trial: Annotated[
            list[str] | None,
            typer.Option(
                metavar="DATE",
                callback=options.check_dates,
                help="A further date at which both sides are compared; may be given several times.",
            ),
        ] = None,
        dates: Annotated[
            int,
            typer.Option(
                metavar="N",
                min=0,
                max=12,
                help="Compare at N earlier dates too, one horizon apart: is the verdict stable? Each trains a model, "
                "which takes about as long as the report without it.",
            ),
        ] = 0,
        formula: options.FormulaFile = None,
        formula_then: Annotated[
            Path | None,
            typer.Option(metavar="FILE", help="The formula in use at the earlier date, if it was a different one."),
        ] = None,
        currency: Annotated[
            str, typer.Option(metavar="CODE", help="The currency of the log, such as GBP; shown with money.")
        ] = "",
        language: Annotated[
            Literal["en", "zh"], typer.Option(help="The page's first language; the page can switch it.")
        ] = "en",
        home: options.Home = options.DEFAULT_HOME,
        quick: options.Quick = False,
    ) -> None:
        """Compare the rule with the model at a past date, by what customers did afterwards, and write the report.

        The model is the champion if it was trained only on events before the date; otherwise a model is trained for
        this report. DIR gets `report.html` (self-contained), `report.xlsx`, and every table in `tables/`. With
        `--versions` the forecasts of two registered versions are compared, and DIR gets `report.json` too.

        Examples:

        `regulars compare store --as-of 2011-06-10 --horizon-days 183 --out report`

        `regulars compare store --versions 3 4 --out versions`
        """
        from training.settings import CandidateSettings, FitSettings, ForecastSettings, TrialSettings

        horizon_days = settings_with("forecast", ForecastSettings, horizon_days=horizon_days).horizon_days
        metrics = read_settings("trials", TrialSettings).metrics
        if versions is not None:
            unused = {
                "--since": since,
                "--trial": trial,
                "--dates": dates,
                "--formula": formula,
                "--formula-then": formula_then,
                "--currency": currency,
            }
            if given := [name for name, value in {**unused, "--quick": quick}.items() if value]:
                raise typer.BadParameter(f"{' and '.join(given)} cannot be used with --versions: leave it out")
            with opened_store(store) as events:
                _compare_versions(events, home, versions, as_of, horizon_days, metrics, language, out)
            return
        from features.loyalty.formula import load_formula
        from reporting.build import make_report
        from reporting.report_folder import PAGE, TABLES, WORKBOOK, write_report

        rule = options.formula_in_use(formula)
        with opened_store(store) as events, progress_steps() as step:
            tracking = opened_tracking(home, read_only=True) if has_tracking_store(home) else None
            report = make_report(
                events,
                as_of,
                horizon_days,
                rule,
                since,
                load_formula(formula_then) if formula_then else rule,
                tracking,
                quick,
                step,
                read_settings("fit", FitSettings),
                baselines=read_settings("candidates", CandidateSettings).baselines,
                metrics=metrics,
                trials=trial or [],
                earlier=dates,
                currency=currency,
            )
            step("writing")
            write_report(out, report, language)
        _echo_summary(report)
        echo(f"-> {out / PAGE}, {WORKBOOK} and {TABLES}/")


def _compare_versions(
    events: "EventStore",
    home: Path,
    numbers: tuple[int, int],
    as_of: str | None,
    horizon_days: int,
    metrics: tuple[str, ...],
    language: str,
    out: Path,
) -> None:
    """Write the comparison of two registered versions, and print its main figures."""
    from features.atomic_file import atomic_write
    from reporting.cover import versions_cover
    from reporting.export import write_tables
    from reporting.log_warnings import english, log_warnings
    from reporting.page.versions_page import write_versions_page
    from reporting.report_folder import PAGE, TABLES, WORKBOOK
    from reporting.version_comparison import compare_versions
    from reporting.version_tables import summary_json, version_tables
    from reporting.workbook import write_workbook

    compared = compare_versions(events, opened_tracking(home, read_only=True), numbers, as_of, horizon_days)
    tables = version_tables(compared, metrics)
    warnings = log_warnings(events, compared.cutoff, horizon_days)
    write_tables(out / TABLES, tables)
    write_workbook(out / WORKBOOK, tables, versions_cover(compared, warnings))
    with atomic_write(out / SUMMARY) as part:
        part.write_text(summary_json(compared, tables), encoding="utf-8")
    write_versions_page(out / PAGE, compared, tables, warnings, language)
    for notice in warnings:
        echo(f"warning: {english(notice)}")
    figures = tables["version_agreement"].set_index("figure")["value"]
    totals = tables["totals"].set_index("side")["expected_purchases"]
    echo(f"{len(tables['forecasts']):,} customers at {compared.as_of}, forecast over {horizon_days} days")
    echo(
        f"version {numbers[0]} expects {totals['first']:,.0f} purchase days, version {numbers[1]} "
        f"{totals['second']:,.0f} ({figures['total_ratio'] - 1:+z.1%})"
    )
    echo(
        f"rank correlation {figures['rank_correlation']:.3f}; {figures['band_changes']:.1%} of the customers change "
        "their band of churn probability"
    )
    _echo_measures(compared, tables)
    echo(f"-> {out / PAGE}, {WORKBOOK}, {SUMMARY} and {TABLES}/")


def _echo_measures(compared: "VersionComparison", tables: "dict[str, pd.DataFrame]") -> None:
    """Print how good both versions were, or at which date that can be measured."""
    for row in tables["version_differences"].query("measure in ['deviance', 'log_loss']").itertuples():
        name = str(row.measure).replace("_", " ")
        interval = f"95 % interval {row.low:+z.4f} to {row.high:+z.4f}"
        echo(f"{name}, second less first: {row.difference:+z.4f} ({interval})")
    if len(tables["version_differences"]):
        return
    if compared.purchases is None:
        echo(f"nothing to measure yet: the log ends before the {compared.horizon_days} days do")
    else:
        known = " and ".join(f"version {compared.versions[side].number}" for side in compared.informed)
        echo(f"{known} learnt from events after {compared.as_of}, so the outcome cannot judge both")
    if at := compared.measurable_at:
        echo(f"`--as-of {at[0]} --horizon-days {at[1]}` measures both")


def _echo_summary(report: "Report") -> None:
    """Print which model was compared on how many customers, and what the lists of both sides brought."""
    from reporting.log_warnings import english

    for notice in report.warnings:
        echo(f"warning: {english(notice)}")
    comparison = report.comparison
    number = comparison.compared_model.version
    model = "a model trained for this report" if number is None else f"champion version {number}"
    customers = f"{counted(len(comparison.purchases), 'customer')} at {comparison.as_of}"
    echo(f"{customers}, compared over the next {comparison.horizon_days} days with {model}")
    if len(comparison.unmatched):
        echo(f"{counted(len(comparison.unmatched), 'customer')} with a score or a forecast only; see tables/absent.csv")
    for row in report.tables["headline"].itertuples():
        lists = f"{row.by_model:,.0f} by the model, {row.by_rule:,.0f} by the rule"
        interval = f"difference {row.difference:+z,.0f}, 95 % interval {row.low:+z,.0f} to {row.high:+z,.0f}"
        echo(f"{OUTCOMES[str(row.outcome)]} among the top {row.list:,}: {lists} ({interval})")
    if outliers := int(report.tables["returns"]["outlier"].sum()):
        echo(f"{counted(outliers, 'top spender')} only before returns; see tables/returns.csv")
