"""`regulars promote`: make the challenger champion if it passes the gate, or go back to an earlier champion."""

from typing import Annotated

import typer

from cli.options import DEFAULT_HOME, Home
from cli.terminal import echo


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def promote(
        home: Home = DEFAULT_HOME,
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

        `regulars promote --to 3 --reason "complaints from the shops"`
        """
        if (force or to is not None) and not reason:
            raise typer.BadParameter("--force and --to need a reason: give --reason TEXT")
        from features.errors import PromotionRefusedError
        from training import promote as champion
        from training.registry.mlflow_client import open_tracking

        tracking = open_tracking(home)
        try:
            if to is None:
                move = champion.promote(tracking, why=reason, who=who, force=force)
            else:
                move = champion.roll_back(tracking, to, reason, who=who, force=force)
        except PromotionRefusedError as refusal:
            for why in refusal.reasons:
                echo(f"refused: {why}")
            raise typer.Exit(1) from None
        before = f"before: version {move.before}" if move.before else "the first champion"
        echo(f"version {move.to} is champion in {tracking.place} ({move.kind}; {before})")
