"""`regulars store`: what an event store holds, and the way back to an earlier generation of it."""

from pathlib import Path
from typing import Annotated

import typer

from cli.terminal import echo, echo_table

StorePath = Annotated[Path, typer.Argument(metavar="STORE", file_okay=False, help="The folder of an event store.")]

SHOWN = 20

HELP = """Show what a store holds, or go back to an earlier generation.

Example: `regulars store info store`
"""


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    store = typer.Typer(no_args_is_help=True, help=HELP)
    app.add_typer(store, name="store")

    @store.command()
    def info(store: StorePath) -> None:
        """Show the sources, time spans, counts and generations of a store, its event words and its rating scale.

        Example: `regulars store info store`
        """
        from features.encryption.volumes import check_volume
        from features.ingestion.row_counts import zone_text
        from features.store.event_store import open_store, words_of
        from features.store.generations import generation_number, generations

        check_volume(store)
        opened = open_store(store)
        manifest = opened.manifest
        first, last = (zone_text(manifest[name], opened.timezone) for name in ("first_time", "last_time"))
        span = f"{first} to {last}"
        echo(f"{manifest['events']:,} events of {manifest['customers']:,} customers, {span}, days in {opened.timezone}")
        if len(opened.buckets) > 1:
            sizes = sorted(bucket.store.n_events for bucket in opened.buckets)
            echo(f"{len(sizes)} buckets of {sizes[0]:,} to {sizes[-1]:,} events")
        echo(f"ratings up to {opened.rating_maximum:.15g}; event words:")
        for name, words in words_of(manifest).lists().items():
            echo(f"  {name}: {', '.join(words)}")
        if (opened.folder / "quarantine.csv").is_file():
            echo(f"the faulty rows of the last addition are in {opened.folder / 'quarantine.csv'}")
        records = manifest.get("sources", ())
        sources = [
            [
                source["name"],
                f"{source['rows']:,}",
                f"{source.get('quarantined', 0):,}",
                *(zone_text(source[name], opened.timezone) for name in ("first_time", "last_time")),
            ]
            for source in records[-SHOWN:]
        ]
        of_all = f"; the last {SHOWN} of {len(records):,}" if len(records) > SHOWN else ""
        echo_table(
            f"sources, with their valid rows and those in quarantine{of_all}",
            ["source", "rows", "quarantined", "from", "to"],
            sources,
        )
        rows = [
            [
                f"{generation_number(each)}{' (present)' if each['folder'] == manifest['folder'] else ''}",
                f"{each['events']:,}",
                f"{each['customers']:,}",
                str(len(each.get("sources", ()))),
                str(each.get("parent", "-")),
                each["folder"],
            ]
            for each in generations(store)
        ]
        echo_table("generations", ["generation", "events", "customers", "sources", "made from", "folder"], rows)

    @store.command()
    def rollback(
        store: StorePath,
        to: Annotated[
            int | None, typer.Option(metavar="N", help="The generation. Without it: the one before the present one.")
        ] = None,
    ) -> None:
        """Make an earlier generation of a store the present one; later ones can be had back with --to.

        Examples:

        `regulars store rollback store`

        `regulars store rollback store --to 7`
        """
        from features.store.generations import rollback as go_back

        manifest = go_back(store, to)
        echo(
            f"{store} is at generation {manifest.get('generation', 0)}: {manifest['events']:,} events of "
            f"{manifest['customers']:,} customers"
        )
