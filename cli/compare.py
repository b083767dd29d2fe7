"""`regulars compare`: the rule against the model on the same customers, as a page, a workbook and tables."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.fit import Home
from cli.options import Store, opened, readable, writable
from cli.terminal import say, steps

PAGE, WORKBOOK, TABLES = "report.html", "report.xlsx", "tables"
OUTCOMES = {"purchases": "days with a purchase", "stayed_away": "stayed away", "spend": "spend"}


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def compare(
        store: Store,
        out: Annotated[
            Path,
            typer.Option("--out", metavar="DIR", file_okay=False, callback=writable, help="The folder to write to."),
        ],
        as_of: Annotated[
            str | None,
            typer.Option(
                "--as-of",
                metavar="DATE",
                callback=readable,
                help="The date to compare at; else the latest whose days after are in the log.",
            ),
        ] = None,
        horizon_days: Annotated[
            int, typer.Option("--horizon-days", min=1, max=3650, help="How many days from the date on are the outcome.")
        ] = 90,
        since: Annotated[
            str | None,
            typer.Option(
                metavar="DATE",
                callback=readable,
                help="The earlier date of what changed; else so many days before the date.",
            ),
        ] = None,
        formula: Annotated[
            Path | None, typer.Option(metavar="FILE", help="Your own formula.toml; else the one that comes along.")
        ] = None,
        formula_then: Annotated[
            Path | None, typer.Option(metavar="FILE", help="The rule at the earlier date, where it was another.")
        ] = None,
        language: Annotated[
            Literal["en", "zh"], typer.Option(help="What the page begins with; it can be switched there.")
        ] = "en",
        home: Home = Path("var"),
        quick: Annotated[bool, typer.Option("--quick", help="Learn from fewer customers.")] = False,
    ) -> None:
        """Compare the rule with the model at a past date, wait for the outcome in the log, and write the report.

        The model is the champion where it learnt from nothing later than the date, else one learnt for this report.
        DIR gets `report.html` (one file that needs nothing else), `report.xlsx`, and every table in `tables/`.

        Example: `regulars compare store --as-of 2011-06-10 --horizon-days 183 --out report`
        """
        from features.loyalty.formula import load_formula
        from reporting.build import make_report
        from reporting.export import write_tables, write_workbook
        from reporting.page.html_page import write_page
        from training.registry.mlflow_client import open_tracking

        rule = load_formula(formula)
        then = load_formula(formula_then) if formula_then else rule
        tracked = "MLFLOW_TRACKING_URI" in os.environ or (home / "mlflow.db").is_file()
        with opened(store) as events, steps() as step:
            tracking = open_tracking(home) if tracked else None
            report = make_report(events, as_of, horizon_days, rule, since, then, tracking, quick, step)
            step("writing")
            write_tables(out / TABLES, report.tables)
            write_workbook(out / WORKBOOK, report.tables)
            write_page(out / PAGE, report, language)
        compared = report.comparison
        number = compared.chosen.version
        model = "a model learnt as of the date" if number is None else f"champion version {number}"
        say(f"{len(compared.purchases):,} customers at {compared.as_of}, {compared.horizon} days after, {model}")
        if len(compared.absent):
            say(f"{len(compared.absent):,} customers are on one side only: {TABLES}/absent.csv names them")
        for row in report.tables["headline"].itertuples():
            found = f"by the model {row.by_model:,.0f}, by the rule {row.by_rule:,.0f}"
            doubt = f"difference {row.low:+,.0f} to {row.high:+,.0f} in 95 of 100"
            say(f"{OUTCOMES[str(row.outcome)]} of the first {row.list:,}: {found}; {doubt}")
        say(f"-> {out / PAGE}, {WORKBOOK} and {TABLES}/")
