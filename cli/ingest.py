"""`regulars ingest`: read files or a database into an event store."""

from pathlib import Path
from typing import Annotated

import typer

from cli.engines import Engine, EngineOption, opened_workers
from cli.log_options import Sources
from cli.source_arguments import STORE_OPTIONS, SourceOptions, read_sources, takes_source_options


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    @takes_source_options
    def ingest(
        out: Annotated[Path, typer.Option(metavar="STORE", file_okay=False, help="The folder of the event store.")],
        source_options: SourceOptions,
        sources: Sources = None,
        timezone: Annotated[
            str | None,
            typer.Option(
                metavar="ZONE",
                help="The business time zone, like Europe/London. Without it: UTC, or as the settings file says.",
            ),
        ] = None,
        rating_maximum: Annotated[
            float | None,
            typer.Option(
                metavar="NUMBER",
                help="The highest value of the rating scale. Without it: 10, or as the settings file says.",
            ),
        ] = None,
        buckets: Annotated[
            int | None,
            typer.Option(
                metavar="N",
                min=1,
                max=256,
                help="Divide the customers of a large store into so many buckets. Without it: 1, or as the settings "
                "file says.",
            ),
        ] = None,
        append: Annotated[
            bool, typer.Option("--append", help="Add to the store that is there, as `regulars append` does.")
        ] = False,
        replace: Annotated[
            bool, typer.Option("--replace", help="Replace the store that is there; without it one is left alone.")
        ] = False,
        engine: EngineOption = Engine.local,
    ) -> None:
        """Read, validate and sort a log into an event store; faulty rows go to a quarantine file.

        Examples:

        `regulars ingest sales.csv --out store --map customer_id=client --set event_type=purchase`

        `regulars ingest "logs/*.parquet" --out store --timezone Europe/London`

        `regulars ingest postgresql://localhost/shop --query "select * from events" --out store`

        `regulars ingest --query "select * from 'orders.csv' join 'clients.csv' using (client)" --out store`

        `regulars ingest "logs/*.parquet" --out store --buckets 64 --engine spark`

        `regulars ingest spark:sales.events --out store --buckets 64 --engine spark`
        """
        store_options = dict(zip(STORE_OPTIONS, (timezone, rating_maximum, buckets), strict=True))
        if append and replace:
            raise typer.BadParameter("--append and --replace exclude each other: give one of them")
        if append and any(value is not None for value in store_options.values()):
            names = ("--timezone", "--rating-maximum", "--buckets")
            raise typer.BadParameter(f"{', '.join(names[:-1])} and {names[-1]} are those of the store: leave them out")
        if append and engine is Engine.spark:
            raise typer.BadParameter("--engine spark makes a store and adds to none: append without it")
        if append:
            read_sources(sources, out, source_options, "append")
            return
        with opened_workers(engine) as workers:
            read_sources(sources, out, source_options, "replace" if replace else "refuse", workers, **store_options)
