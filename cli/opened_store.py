"""Opens the STORE argument of a verb: a store, or a raw file that is ingested on the way."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from cli.settings import ingest_settings
from cli.terminal import echo
from features.plurals import counted

if TYPE_CHECKING:
    from features.store.event_store import EventStore


@contextmanager
def opened_store(store: str, *, makes_models: bool = False) -> Iterator["EventStore"]:
    """Open the store, or ingest the raw file into a temporary store and print how many of its rows were faulty.

    A raw file has the contract's columns, and is read by the settings; for any other use `regulars ingest`. Once a
    customer has been erased from the store, nothing that the block writes is put in place; `makes_models` is for one
    that writes models alone, which name nobody.
    """
    from features.encryption.volumes import check_volume
    from features.erasure.suppression import refused_after_erasure
    from features.store.event_store import is_store, open_store

    folder = Path(store)
    if is_store(store) or (folder.is_dir() and not any(folder.glob("*.parquet"))):
        check_volume(store)
        with nullcontext() if makes_models else refused_after_erasure(store):
            yield open_store(store)
        return
    from features.errors import FaultyRowsError, SourceError
    from features.ingestion.ingest import ingest

    with tempfile.TemporaryDirectory(prefix="regulars-") as temporary:
        check_volume(temporary)
        verb = f"`regulars ingest {store} --out STORE`"
        try:
            report = ingest([store], Path(temporary) / "store", **ingest_settings())
        except FaultyRowsError as error:
            raise SourceError(f"{store}: {str(error).split('; ')[0]}; {verb} writes them to a file") from None
        if report.quarantined:
            echo(f"{counted(report.quarantined, 'faulty row')} left out; {verb} lists them")
        yield open_store(Path(temporary) / "store")
