"""`regulars promote`: make the challenger champion if it passes the gate, or go back to an earlier champion."""

from functools import partial
from typing import Annotated

import typer

from cli.champion import echo_move, promoted_all_the_same, refusals_printed
from cli.options import DEFAULT_HOME, Home
from cli.tracking import opened_tracking


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def promote(
        home: Home = DEFAULT_HOME,
        version: Annotated[
            int | None,
            typer.Option(metavar="VERSION", help="This version by its recorded verdict, instead of the challenger."),
        ] = None,
        to: Annotated[
            int | None, typer.Option(metavar="VERSION", help="Return to this version, which was champion before.")
        ] = None,
        reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the history.")] = "",
        force: Annotated[
            bool, typer.Option("--force", help="Move the champion even if the gate refuses; needs --reason.")
        ] = False,
        who: Annotated[
            str | None, typer.Option(metavar="NAME", help="Who moves it. Without it: your user name.")
        ] = None,
    ) -> None:
        """Make the challenger champion, if the gate finds it significantly better than champion and baselines.

        If the gate refuses, each reason is printed on a line. `regulars history` lists all moves; `regulars publish`
        ships the champion.

        Examples:

        `regulars promote`

        `regulars promote --version 3`

        `regulars promote --to 3 --reason "complaints from the shops"`
        """
        if (force or to is not None) and not reason:
            raise typer.BadParameter("--force and --to need a reason: give --reason TEXT")
        if version is not None and to is not None:
            raise typer.BadParameter("--version promotes and --to goes back: give one of them")
        from training import promote as champion
        from training.models.bundle import CHALLENGER

        tracking = opened_tracking(home)
        with refusals_printed(partial(promoted_all_the_same, home=home)):
            if to is None:
                which = CHALLENGER if version is None else version
                move = champion.promote(tracking, which, why=reason, who=who, force=force)
            else:
                move = champion.roll_back(tracking, to, reason, who=who, force=force)
        echo_move(move, tracking.place)
