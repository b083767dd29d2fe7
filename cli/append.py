"""`regulars append`: add the rows of new files to an event store."""

from pathlib import Path
from typing import Annotated

import typer

from cli.log_options import Sources
from cli.source_arguments import SourceOptions, read_sources, takes_source_options


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    @takes_source_options
    def append(
        store: Annotated[Path, typer.Option(metavar="STORE", file_okay=False, help="The folder of an event store.")],
        source_options: SourceOptions,
        sources: Sources = None,
    ) -> None:
        """Add a week's file to a store. What the store has already changes nothing.

        Time zone, rating scale and buckets are those of the store. `regulars store rollback` goes back.

        Examples:

        `regulars append week-27.csv --store store`

        `regulars append orders-27.csv --store store --profile profile.toml`

        `regulars append sales-27.csv --store store --map customer_id=client --set event_type=purchase`
        """
        read_sources(sources, store, source_options, "append")
