"""`regulars versions`: lists the registered versions."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import DEFAULT_HOME, Home, check_table_file
from cli.terminal import echo_table
from cli.tracking import opened_tracking

SHOWN = ("version", "recipe", "data_until", "loss", "aliases", "question", "verdict", "digest")


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def versions(
        home: Home = DEFAULT_HOME,
        out: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                dir_okay=False,
                callback=check_table_file,
                help="Also write them, with measures and the gate's reasons: .parquet, .csv, .xlsx or .arrow.",
            ),
        ] = None,
    ) -> None:
        """List every registered version, newest first: recipe, data, loss in trials, aliases, the gate's verdict.

        `loss` is relative to BG/NBD, whose loss is 1. `question` is what the gate asked: if a new recipe is better,
        or if a refit of the recipe in service is sound. `regulars promote --version N` promotes one.

        Example: `regulars versions`
        """
        from training.version_table import version_table

        table = version_table(opened_tracking(home, read_only=True))
        if out is not None:
            import pyarrow as pa

            from features.table_files import write_frame

            write_frame(out, table, {"version": pa.int64(), "loss": pa.float64()})
        short = table.assign(digest=table["digest"].str[:12], loss=[f"{loss:.3f}" for loss in table["loss"]])
        rows = short[list(SHOWN)].astype("object").to_numpy().tolist()
        echo_table(
            "versions", [name.replace("_", " ") for name in SHOWN], [[_cell(cell) for cell in row] for row in rows]
        )


def _cell(value: object) -> str:
    return "-" if value in (None, "", "nan") or value != value else str(value)
