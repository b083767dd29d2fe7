"""`regulars history`: who made which version champion, when and why."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DEFAULT_HOME, Home, check_table_file
from cli.terminal import echo, echo_table
from cli.tracking import has_tracking_store, opened_tracking

if TYPE_CHECKING:
    import pandas as pd

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
            _write(table, out)
        if table.empty:
            echo("no champion yet: `regulars promote` makes one")
            return
        short = table.assign(when=table["when"].dt.strftime("%Y-%m-%d %H:%M"), digest=table["digest"].str[:12])
        rows = short[COLUMNS].astype("object").fillna("-").to_numpy().tolist()
        echo_table("moves of the champion (times in UTC)", COLUMNS, [[str(cell) for cell in row] for row in rows])


def _write(moves: "pd.DataFrame", out: Path) -> None:
    """Write the moves as a table, the gate's figures as JSON."""
    import pandas as pd
    import pyarrow as pa

    from features.table_files import write_table

    types = {"when": pa.timestamp("us", "UTC"), "from": pa.int64(), "to": pa.int64()}
    schema = pa.schema([(name, types.get(str(name), pa.string())) for name in moves])
    rows = moves.assign(figures=[json.dumps(figures) for figures in moves["figures"]])
    columns = [[None if value is pd.NA or value != value else value for value in rows[name]] for name in rows]
    write_table(out, pa.table(columns, schema=schema))
