"""`regulars history`: who made which version champion, when and why."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.options import DEFAULT_HOME, Home, check_table_file
from cli.terminal import echo, echo_table
from cli.tracking import has_tracking_store, opened_tracking

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
                callback=check_table_file,
                help="Also write the moves, with measures: .parquet, .csv, .xlsx or .arrow.",
            ),
        ] = None,
    ) -> None:
        """List every move of the champion, newest first: when, who, from which version to which, how and why.

        Example: `regulars history`
        """
        from training.promote import history as moves
        from training.promote import no_moves

        table = moves(opened_tracking(home, read_only=True)) if has_tracking_store(home) else no_moves()
        if out is not None:
            import pyarrow as pa

            from features.table_files import write_frame

            types = {"when": pa.timestamp("us", "UTC"), "from": pa.int64(), "to": pa.int64()}
            write_frame(out, table.assign(figures=[json.dumps(figures) for figures in table["figures"]]), types)
        if table.empty:
            echo("no champion yet: `regulars promote` makes one")
            return
        short = table.assign(when=table["when"].dt.strftime("%Y-%m-%d %H:%M"), digest=table["digest"].str[:12])
        rows = short[COLUMNS].astype("object").fillna("-").to_numpy().tolist()
        echo_table("moves of the champion (times in UTC)", COLUMNS, [[str(cell) for cell in row] for row in rows])
