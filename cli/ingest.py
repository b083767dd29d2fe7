"""`regulars ingest`: from raw files or a database to the event store."""

import re
from pathlib import Path
from typing import Annotated

import typer

from cli.terminal import progress, say


def _size(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d*(\.\d+)? ?[KMGT]i?B", text, re.IGNORECASE):
        raise typer.BadParameter(f"{text!r} is no size: write it like 500MB or 2GB")
    return text


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def ingest(
        source: Annotated[
            list[str],
            typer.Argument(
                metavar="SOURCE", help="CSV or Parquet files, a glob, a folder, or a database URL with `--query`."
            ),
        ],
        out: Annotated[Path, typer.Option(metavar="STORE", file_okay=False, help="The folder of the event store.")],
        map: Annotated[
            list[str] | None,
            typer.Option(metavar="OURS=THEIRS", help="Rename a column, for instance `customer_id=client`; repeatable."),
        ] = None,
        set: Annotated[
            list[str] | None,
            typer.Option(
                metavar="OURS=VALUE", help="Fill an absent column, for instance `event_type=purchase`; repeatable."
            ),
        ] = None,
        query: Annotated[
            str | None, typer.Option(metavar="SQL", help="What to run at a postgresql:// or sqlite:// URL.")
        ] = None,
        timezone: Annotated[
            str, typer.Option(metavar="ZONE", help="The business time zone, for instance Europe/London.")
        ] = "UTC",
        delimiter: Annotated[
            str | None, typer.Option(metavar="CHARACTER", help="The CSV delimiter; otherwise found out.")
        ] = None,
        encoding: Annotated[
            str | None, typer.Option(metavar="NAME", help="The text encoding; otherwise found out.")
        ] = None,
        decimal: Annotated[
            str | None, typer.Option(metavar="CHARACTER", help="The decimal mark, `.` or `,`; otherwise found out.")
        ] = None,
        rating_maximum: Annotated[float, typer.Option(metavar="NUMBER", help="The top of the rating scale.")] = 10.0,
        memory_limit: Annotated[
            str,
            typer.Option(
                metavar="SIZE",
                callback=_size,
                help="What the search for duplicates may use before it spills to disk, for instance 500MB.",
            ),
        ] = "1GB",
    ) -> None:
        """Read, check and sort a log into an event store; faulty rows go to a quarantine file, never lost.

        Examples:

        `regulars ingest sales.csv --out store --map customer_id=client --set event_type=purchase`

        `regulars ingest "logs/*.parquet" --out store --timezone Europe/London`

        `regulars ingest postgresql://localhost/shop --query "select * from events" --out store`
        """
        from features.ingestion.ingest import ingest as read_and_store
        from features.store.event_store import open_store

        with progress("rows") as step:
            report = read_and_store(
                source,
                out,
                map=_pairs("--map", map),
                constants=_pairs("--set", set),
                query=query,
                timezone=timezone,
                delimiter=delimiter,
                encoding=encoding,
                decimal=decimal,
                rating_maximum=rating_maximum,
                memory_limit=memory_limit,
                progress=step,
            )
        for line in report.lines():
            say(line)
        say(f"-> {out} (report.json and the rest in {open_store(out).folder})")


def _pairs(option: str, given: list[str] | None) -> dict[str, str]:
    """Return `ours=theirs` texts as a mapping; a text of another form, or a name given twice, is a wrong argument."""
    pairs: dict[str, str] = {}
    for text in given or []:
        ours, _, theirs = text.partition("=")
        if not (ours and theirs):
            raise typer.BadParameter(f"{text!r} is no pair: write ours=theirs", param_hint=option)
        if ours in pairs:
            raise typer.BadParameter(f"{ours!r} is given twice: keep one", param_hint=option)
        pairs[ours] = theirs
    return pairs
