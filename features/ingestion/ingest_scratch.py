"""The folder for copies of sources during an ingest: results of queries, remote files, tables of Spark."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.scratch_folders import remove_leftovers, scratch_folder


@contextmanager
def ingest_scratch(out: str | Path, shared: bool) -> Iterator[Path]:
    """Make a folder for the block, and remove what killed ingests to the same store left beside it.

    Parameters
    ----------
    out : str or Path
        The folder of the store.
    shared : bool
        Make it beside the store, where other machines see it, and not among this one's temporary files.
    """
    out = Path(out).absolute()
    names = (f".{out.name}.", ".sources")
    if shared:
        with scratch_folder(out.parent, *names) as scratch:
            yield scratch
        return
    remove_leftovers(out.parent, *names)
    with tempfile.TemporaryDirectory(prefix="regulars-ingest-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
