"""`regulars history`: who made which version champion, when and why."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import DEFAULT_HOME, Home, check_writable
from cli.terminal import echo, echo_table

COLUMNS = ["when", "who", "kind", "from", "to", "state", "digest", "why"]


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def history(
        home: Home = DEFAULT_HOME,
        out: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                dir_okay=False,
                callback=check_writable,
                help="Also write the moves, with measures, as CSV.",
            ),
        ] = None,
    ) -> None:
        """List every move of the champion, newest first: when, who, from which version to which, how and why.

        Example: `regulars history`
        """
        from training.promote import history as moves
        from training.registry.mlflow_client import open_tracking

        table = moves(open_tracking(home))
        if out is not None:
            from features.atomic_file import atomic_write

            with atomic_write(out) as part:
                table.to_csv(part, index=False)
        if table.empty:
            echo("no champion yet: `regulars promote` makes one")
            return
        short = table.assign(when=table["when"].dt.strftime("%Y-%m-%d %H:%M"), digest=table["digest"].str[:12])
        rows = short[COLUMNS].astype("object").fillna("-").to_numpy().tolist()
        echo_table("moves of the champion (times in UTC)", COLUMNS, [[str(cell) for cell in row] for row in rows])
