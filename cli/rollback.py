"""`regulars rollback`: make the champion before champion again, or a chosen earlier one."""

from functools import partial
from typing import Annotated

import typer

from cli.champion import echo_move, promoted_all_the_same, publish_champion, refusals_printed
from cli.options import DEFAULT_HOME, Home
from cli.tracking import opened_tracking


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def rollback(
        reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the history.")],
        home: Home = DEFAULT_HOME,
        to: Annotated[
            int | None, typer.Option(metavar="VERSION", help="Which former champion. Without it: the one before.")
        ] = None,
        publish: Annotated[
            bool, typer.Option("--publish", help="Also ship it; a running service takes it over.")
        ] = False,
        who: Annotated[
            str | None, typer.Option(metavar="NAME", help="Who moves it. Without it: your user name.")
        ] = None,
    ) -> None:
        """Make the champion before the present one champion again, or any former champion with --to.

        Examples:

        `regulars rollback --reason "complaints from the shops" --publish`

        `regulars rollback --to 3 --reason "version 4 and 5 overestimate spend"`
        """
        if not reason.strip():
            raise typer.BadParameter("--reason is empty: say why")
        from training.promote import champion_before, roll_back

        if publish:
            import bentoml  # noqa: F401  # where it is not installed nothing may move

        tracking = opened_tracking(home)
        with refusals_printed(partial(promoted_all_the_same, home=home)):
            move = roll_back(tracking, champion_before(tracking) if to is None else to, reason, who=who)
        echo_move(move, tracking.place)
        if publish:
            publish_champion(tracking)
