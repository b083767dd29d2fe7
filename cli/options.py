"""What verbs take: a store (or a raw event file, ingested on the way), a date, a file to write."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.terminal import say
from features.schema import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    from features.store.event_store import EventStore


def readable(as_of: str | None) -> str | None:
    """Refuse what is no date before any work begins; a time of day alone would mean today's."""
    if as_of is None:
        return None
    try:
        year = datetime.fromisoformat(as_of).year
    except ValueError:
        expected = "write it like 2011-06-10 or 2011-06-10T09:30:00+01:00"
        raise typer.BadParameter(f"{as_of!r} is no date or time: {expected}") from None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise typer.BadParameter(f"{as_of!r} is outside the years {FIRST_YEAR} to {LAST_YEAR} of a log")
    return as_of


def writable(file: Path | None) -> Path | None:
    """Refuse a place that cannot be written to before any work begins; folders that are not there are made."""
    if file is None:
        return None
    there = next(folder for folder in file.absolute().parents if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise typer.BadParameter(f"nothing can be written to {there}: name another place")
    return file


Store = Annotated[
    str, typer.Argument(metavar="STORE", help="An event store, or a raw CSV or Parquet file in the contract's columns.")
]
AsOfDate = Annotated[
    str,
    typer.Option(
        "--as-of",
        metavar="DATE",
        callback=readable,
        help="The moment of knowledge, a date (its midnight) or a time: only events known before it count.",
    ),
]
OutFile = Annotated[
    Path,
    typer.Option(
        "--out", metavar="FILE", dir_okay=False, writable=True, callback=writable, help="The Parquet file to write."
    ),
]


@contextmanager
def opened(store: str) -> Iterator["EventStore"]:
    """Open the store, or ingest the raw file into a temporary one and say how many of its rows were faulty.

    A raw file's times are in UTC and its columns those of the contract: any other needs `regulars ingest`.
    """
    from features.store.event_store import is_store, open_store

    folder = Path(store)
    if is_store(store) or (folder.is_dir() and not any(folder.glob("*.parquet"))):
        yield open_store(store)
        return
    from features.ingestion.ingest import ingest

    with tempfile.TemporaryDirectory(prefix="regulars-") as place:
        report = ingest([store], place)
        if report.quarantined:
            say(f"{report.quarantined:,} faulty rows are left out; `regulars ingest {store} --out STORE` says which")
        yield open_store(place)
