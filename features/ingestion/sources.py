"""Opens the sources of a log and reads them one after the other, in batches.

A source that cannot be read raises SourceError. What is wrong with single rows is for
`features.ingestion.validation`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from features.atomic_file import file_digest
from features.errors import SourceError
from features.ingestion.batches import SourceBatch
from features.ingestion.read_options import ReadOptions
from features.ingestion.source_files import find_files
from features.ingestion.source_formats import Source, open_database, open_file
from features.ingestion.sql_reader import SCHEMES, without_password


def open_sources(sources: Iterable[str | Path], options: ReadOptions, scratch: Path) -> list[Source]:
    """Open all sources, and check that each can be read as an event log.

    Parameters
    ----------
    sources : iterable of str or Path
        Files, globs, folders of Parquet files, or database URLs.
    options : ReadOptions
    scratch : Path
        A folder for the results of queries.

    Returns
    -------
    list of Source
        One per file or query.

    Raises
    ------
    SourceError
        When a source cannot be read, lacks a required column, or has no rows.
    """
    opened: list[Source] = []
    databases = 0
    for place, source in enumerate(sources):
        text = str(source)
        if not text:
            raise SourceError("a source without a name: name a CSV or Parquet file, or a database URL")
        if "://" in text:
            databases += 1
            files = [open_database(text, scratch / f"answer-{place}.parquet", options)]
        else:
            files = [open_file(path, options) for path in find_files(text)]
        if all(file.empty for file in files):
            raise SourceError(f"{without_password(text)} has no rows: expected at least one event below the header")
        opened += files
    if not opened:
        raise SourceError("no source given: name a CSV or Parquet file, or a database URL")
    if options.query and not databases:
        raise SourceError(f"a query needs a database URL ({', '.join(SCHEMES)}), and there is none among the sources")
    for name in options.constants:
        if all(name in source.columns for source in opened):
            raise SourceError(
                f"{name} is given as a constant, but the source has that column: leave out one of the two"
            )
    return opened


def read_batches(sources: Sequence[Source]) -> Iterator[tuple[int, Source, SourceBatch]]:
    """Yield the batches of all sources in order, each with its source and that source's number."""
    for number, source in enumerate(sources):
        for batch in source.batches():
            yield number, source, batch


def sources_digest(sources: Sequence[Source]) -> str:
    """Return the SHA-256 of the one file, or of the sorted digests of several; their names do not matter."""
    digests = sorted(file_digest(source.file) for source in sources)
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
