"""`regulars simulate`: an event log drawn from a known truth."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import writable
from cli.terminal import progress, say


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def simulate(
        customers: Annotated[int, typer.Option(min=1, metavar="N", help="How many customers; about 15 events each.")],
        out: Annotated[
            Path,
            typer.Option(
                metavar="FILE",
                dir_okay=False,
                callback=writable,
                help="The log to write: CSV if named .csv, else Parquet.",
            ),
        ],
        truth: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE", dir_okay=False, callback=writable, help="Where to write what is true of each customer."
            ),
        ] = None,
        seed: Annotated[int, typer.Option(min=0, metavar="N", help="The same seed draws the same log.")] = 0,
    ) -> None:
        """Draw a log of purchases, returns, visits, incentives, usage and feedback whose true effects are known.

        Example:

        `regulars simulate --customers 10000 --out log.parquet --truth truth.parquet`
        """
        from features.simulate import write_log

        if truth is not None and truth.resolve() == out.resolve():
            raise typer.BadParameter("is the file of --out: name another", param_hint="--truth")
        for file in (out, truth or out):
            file.parent.mkdir(parents=True, exist_ok=True)
        written = 0
        with progress("customers", customers) as step:

            def so_far(done: int) -> None:
                nonlocal written
                step(done - written)
                written = done

            events = write_log(out, customers=customers, seed=seed, truth_path=truth, progress=so_far)
        say(f"{events:,} events of {customers:,} customers -> {out}")
        if truth is not None:
            say(f"what is true of each of them -> {truth}")
