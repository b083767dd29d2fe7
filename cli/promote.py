"""`regulars promote`: the challenger through the gate, or an earlier champion back."""

from pathlib import Path
from typing import Annotated

import typer

from cli.fit import Home
from cli.terminal import say


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def promote(
        home: Home = Path("var"),
        to: Annotated[
            int | None, typer.Option(metavar="VERSION", help="Go back to this version, which was champion before.")
        ] = None,
        reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept with the move.")] = "",
        force: Annotated[
            bool, typer.Option("--force", help="Move the champion whatever the gate says; needs --reason.")
        ] = False,
        who: Annotated[
            str | None, typer.Option(metavar="NAME", help="Who moves it; else the user of this machine.")
        ] = None,
    ) -> None:
        """Make the challenger champion, if the gate lets it: better beyond doubt than champion and baselines.

        A refusal says each reason in a line. Every move is kept, see `regulars history`; `regulars publish` ships it.

        Examples:

        `regulars promote`

        `regulars promote --to 3 --reason "complaints from the shops"`
        """
        if (force or to is not None) and not reason:
            raise typer.BadParameter("a move that is forced or goes back needs a reason: give --reason TEXT")
        from features.errors import PromotionRefusedError
        from training import promote as steps
        from training.registry.mlflow_client import open_tracking

        tracking = open_tracking(home)
        try:
            if to is None:
                move = steps.promote(tracking, why=reason, who=who, force=force)
            else:
                move = steps.roll_back(tracking, to, reason, who, force)
        except PromotionRefusedError as refused:
            for why in refused.reasons:
                say(f"refused: {why}")
            raise typer.Exit(1) from None
        before = f"version {move.before} was" if move.before else "there was none"
        say(f"version {move.to} is champion in {tracking.place} ({move.kind}; {before} before)")
