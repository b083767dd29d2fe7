"""`regulars append`: add the rows of new files to an event store."""

from pathlib import Path
from typing import Annotated

import typer

from cli import log_options, source_options
from cli.settings import ingest_settings
from cli.terminal import echo, progress_bar


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def append(
        source: log_options.Sources,
        store: Annotated[Path, typer.Option(metavar="STORE", file_okay=False, help="The folder of an event store.")],
        profile: source_options.Profiles = None,
        map: log_options.Map = None,
        set: log_options.Constants = None,
        query: log_options.Query = None,
        delimiter: log_options.Delimiter = None,
        encoding: log_options.Encoding = None,
        decimal: log_options.Decimal = None,
        memory_limit: log_options.MemoryLimit = None,
    ) -> None:
        """Add a week's file to a store. What the store has already changes nothing.

        Time zone and rating scale are those of the store. `regulars store rollback` goes back. `regulars ingest
        --append` does the same and has every option for sources.

        Examples:

        `regulars append week-27.csv --store store`

        `regulars append orders-27.csv --store store --profile profile.toml`

        `regulars append sales-27.csv --store store --map customer_id=client --set event_type=purchase`
        """
        from features.ingestion.ingest import append as read_and_add
        from features.store.event_store import read_manifest

        renamed, filled = log_options.pairs("--map", map), log_options.pairs("--set", set)
        settings = ingest_settings(
            {"memory_limit": memory_limit}, {"delimiter": delimiter, "encoding": encoding, "decimal": decimal}
        )
        for name in ("timezone", "rating_maximum"):  # those of the store
            settings.pop(name)
        before = read_manifest(store)["folder"]
        with progress_bar("rows") as advance:
            report = read_and_add(
                source,
                store,
                profile=source_options.profiles_of_options(profile),
                map=renamed,
                constants=filled,
                query=query,
                progress=advance,
                **settings,
            )
        for line in report.lines():
            echo(line)
        folder = read_manifest(store)["folder"]
        if folder == before:
            echo(f"-> {store} is as it was: it has all of these events")
        else:
            echo(f"-> {store} (report.json and the data in {store / folder})")
