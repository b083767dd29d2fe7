"""`regulars history`: who made which version champion, when and why."""

from pathlib import Path
from typing import Annotated

import typer

from cli.fit import Home
from cli.options import writable
from cli.terminal import say, show


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def history(
        home: Home = Path("var"),
        out: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE", dir_okay=False, callback=writable, help="Write the moves, with figures, as CSV."
            ),
        ] = None,
    ) -> None:
        """List every move of the champion, the newest first: when, who, from which version to which, how and why.

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
            say("the champion was never moved: `regulars promote` makes one")
            return
        columns = ["when", "who", "kind", "from", "to", "state", "digest", "why"]
        shown = table.assign(when=table["when"].dt.strftime("%Y-%m-%d %H:%M"), digest=table["digest"].str[:12])
        rows = shown[columns].astype("object").fillna("-").to_numpy().tolist()
        show("moves of the champion (times in UTC)", columns, [[str(cell) for cell in row] for row in rows])
