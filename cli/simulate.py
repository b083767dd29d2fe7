"""`regulars simulate`: an event log drawn from a known truth."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import check_table_file
from cli.terminal import echo, progress_bar
from features.plurals import counted


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def simulate(
        customers: Annotated[int, typer.Option(min=1, metavar="N", help="Number of customers, about 15 events each.")],
        out: Annotated[
            Path,
            typer.Option(
                metavar="FILE",
                dir_okay=False,
                callback=check_table_file,
                help="The log to write: .parquet, .csv, .xlsx or .arrow.",
            ),
        ],
        truth: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                dir_okay=False,
                callback=check_table_file,
                help="Also write each customer's true parameters.",
            ),
        ] = None,
        world: Annotated[
            str | None,
            typer.Option(
                metavar="NAME|FILE",
                help="What is simulated: retail, travel, finance, or a TOML file with parameters of Truth.",
            ),
        ] = None,
        seed: Annotated[int, typer.Option(min=0, metavar="N", help="The same seed draws the same log.")] = 0,
    ) -> None:
        """Draw a log of purchases, returns, visits, incentives, usage and feedback with known true effects.

        Example:

        `regulars simulate --customers 10000 --out log.parquet --truth truth.parquet`

        `regulars simulate --world travel --customers 5000 --out trips.parquet`
        """
        from features.errors import InvalidArgumentError
        from features.simulate import load_truth, write_log

        try:
            parameters = None if world is None else load_truth(world)
        except InvalidArgumentError as error:
            raise typer.BadParameter(str(error), param_hint="--world") from None
        if truth is not None and truth.resolve() == out.resolve():
            raise typer.BadParameter("is the file of --out: name another", param_hint="--truth")
        for file in (out, truth or out):
            file.parent.mkdir(parents=True, exist_ok=True)
        written = 0
        with progress_bar("customers", customers) as advance:

            def on_progress(total: int) -> None:
                nonlocal written
                advance(total - written)
                written = total

            events = write_log(out, parameters, customers, seed, truth_path=truth, progress=on_progress)
        echo(f"{counted(events, 'event')} of {counted(customers, 'customer')} -> {out}")
        if truth is not None:
            echo(f"their true parameters -> {truth}")
