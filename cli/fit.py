"""`regulars fit`: candidates over past windows, tracked; the best becomes the challenger."""

from pathlib import Path
from typing import Annotated

import typer

from cli.backtest import measure_table
from cli.options import Store, opened
from cli.terminal import say, steps

Home = Annotated[
    Path, typer.Option(metavar="FOLDER", help="Where runs and versions are kept; MLFLOW_TRACKING_URI goes before it.")
]


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def fit(
        store: Store,
        home: Home = Path("var"),
        formula: Annotated[
            Path | None, typer.Option(metavar="FILE", help="Your own formula.toml; else the one that comes along.")
        ] = None,
        quick: Annotated[bool, typer.Option("--quick", help="One candidate, one trial, fewer customers.")] = False,
        seed: Annotated[int, typer.Option(help="For the customers that are drawn from a large base.")] = 0,
    ) -> None:
        """Fit candidates on past windows, try them on what followed, and register the best as the challenger.

        Nothing goes into service: that is for `regulars promote` and `regulars publish`.

        Examples:

        `regulars fit store`

        `regulars fit store --quick --home var`
        """
        from features.loyalty.formula import load_formula
        from training.registry.mlflow_client import open_tracking
        from training.retrain import retrain

        rule = load_formula(formula)
        with opened(store) as events, steps() as step:
            tracking = open_tracking(home)
            done = retrain(events, tracking, rule, seed, quick, progress=step)
        date, horizon = done.measures.index[-1][:2]
        measure_table(done.measures.loc[(date, horizon)], f"the last trial: {horizon} days from {date}")
        say(f"version {done.version.number} ({done.candidate}) is the challenger in {tracking.place}")
        if done.verdict.passed:
            say("it passes the gate: `regulars promote` makes it champion")
        for reason in done.verdict.reasons:
            say(f"the gate would refuse it: {reason}")
