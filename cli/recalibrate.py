"""`regulars recalibrate`: the champion's level follows the last window, without a refit."""

import math
from typing import Annotated

import typer

from cli import options
from cli.opened_store import opened_store
from cli.options import DEFAULT_HOME, check_date
from cli.settings import challenger_settings
from cli.terminal import echo
from cli.tracking import ExistingHome, opened_tracking


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def recalibrate(
        store: options.Store,
        home: ExistingHome = DEFAULT_HOME,
        horizon_days: Annotated[
            int | None,
            typer.Option(
                metavar="N",
                min=1,
                max=3650,
                help="Days of each window. Without it: the champion's shortest horizon of at least 28 days.",
            ),
        ] = None,
        as_of: Annotated[
            str | None,
            typer.Option(metavar="DATE", callback=check_date, help="Recalibrate as at the midnight of a past date."),
        ] = None,
    ) -> None:
        """Adjust the champion's level to the latest window that has ended; the gate decides on the challenger.

        For when `regulars monitor` recommends it. Trial: the level learnt on the window before is compared with the
        champion's on that window. Exits with 1 when the gate refuses.

        Examples:

        `regulars recalibrate store`

        `regulars recalibrate store --horizon-days 90`
        """
        from training.recalibration import recalibrate as work

        limits = challenger_settings().limits
        with opened_store(store, makes_models=True) as events:
            made = work(events, opened_tracking(home), horizon_days, as_of=as_of, limits=limits)
        echo(
            f"expected purchases times {math.exp(made.shift.count):.3f}, -log P(no purchase) times "
            f"{math.exp(made.shift.none):.3f}, learnt from {made.windows[1]} on"
        )
        for measure in ("deviance", "log_loss"):
            if f"{measure}.champion" in made.verdict.figures:
                name = f"{measure}.champion"
                change, low, high = (made.verdict.figures[name + end] for end in ("", ".low", ".high"))
                echo(
                    f"{measure.replace('_', ' ')} {change:+z.1%} ({low:+z.1%} to {high:+z.1%}) beside the champion on "
                    f"the window from {made.windows[1]}, when learnt from {made.windows[0]} on"
                )
        for reason in made.verdict.reasons:
            echo(f"refused: {reason}")
        if not made.verdict.passed:
            echo(
                f"version {made.version.number} is kept, and is no challenger: the level of the window before does not "
                "help on the last one",
                version=made.version.number,
            )
            raise typer.Exit(1)
        echo(
            f"version {made.version.number} passes the gate and is the challenger: `regulars promote` puts it in place",
            version=made.version.number,
        )
