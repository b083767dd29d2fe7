"""`regulars fit`: try candidate models on past windows, track them, and make the best the challenger."""

from typing import Annotated

import typer

from cli.opened_store import opened_store
from cli.options import DEFAULT_HOME, FormulaFile, Home, Quick, Store, check_date, formula_in_use
from cli.settings import challenger_settings
from cli.tables import measure_table, segment_table
from cli.terminal import echo, progress_steps
from cli.tracking import opened_tracking


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def fit(
        store: Store,
        home: Home = DEFAULT_HOME,
        formula: FormulaFile = None,
        quick: Quick = False,
        as_of: Annotated[
            str | None,
            typer.Option(
                "--as-of",
                metavar="DATE",
                callback=check_date,
                help="Fit as at the midnight of a past date: nothing that came or was recorded later is used.",
            ),
        ] = None,
        candidate: Annotated[
            list[str] | None,
            typer.Option(
                metavar="NAME",
                help="Try only this candidate, and register it even if the champion's recipe is better; repeatable.",
            ),
        ] = None,
        seed: Annotated[int, typer.Option(metavar="N", help="Seed for sampling customers from a large base.")] = 0,
    ) -> None:
        """Fit candidates on past windows, test them on the periods that followed, and register the best as challenger.

        Nothing goes into service: use `regulars promote` and then `regulars publish`.

        Examples:

        `regulars fit store`

        `regulars fit store --quick --home var`

        `regulars fit store --as-of 2011-10-01 --candidate bold`
        """
        from training.fit_challenger import fit_challenger

        settings = challenger_settings()
        rule = formula_in_use(formula)
        with opened_store(store, makes_models=True) as events, progress_steps() as step:
            tracking = opened_tracking(home)
            result = fit_challenger(
                events,
                tracking,
                rule,
                settings=settings,
                seed=seed,
                quick=quick,
                as_of=as_of,
                only=candidate or (),
                progress=step,
            )
        date, horizon_days = result.measures.index[-1][:2]
        measure_table(result.measures.loc[(date, horizon_days)], f"last trial: {horizon_days} days from {date}")
        segment_table(result.by_segment, f"{result.candidate} by segment")
        echo(f"version {result.version.number} ({result.candidate}) is the challenger in {tracking.place}")
        if result.verdict.passed:
            echo("it passes the gate: `regulars promote` makes it champion")
        for reason in result.verdict.reasons:
            echo(f"the gate would refuse it: {reason}")
