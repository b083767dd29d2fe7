"""Opens the sources of a log and reads them one after the other, in batches.

A source that cannot be read raises SourceError. What is wrong with single rows is for
`features.ingestion.validation`.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from features.atomic_file import file_digest
from features.database_passwords import without_password
from features.errors import SourceError
from features.ingestion.batches import SourceBatch
from features.ingestion.profile import RowProfile
from features.ingestion.query_sources import open_database, open_file_query
from features.ingestion.read_options import ReadOptions, matches
from features.ingestion.remote_files import fetch_files
from features.ingestion.source_files import SourceFile, find_files
from features.ingestion.source_formats import Source, open_file
from features.ingestion.sql_reader import DATABASES, SCHEMES

SPARK_TABLE = "spark:"
"""What begins the name of a table or view that a Spark session knows."""
SHOWN_REPEATS = 5
"""More sources that are named twice have one warning together."""


def open_sources(
    sources: Iterable[str | Path],
    options: ReadOptions,
    scratch: Path,
    write_table: Callable[[str, Path], None] | None = None,
) -> list[Source]:
    """Open all sources, and check that each can be read as an event log.

    Parameters
    ----------
    sources : iterable of str or Path
        Files, globs, folders of Parquet files, database URLs, or tables of Spark (`spark:sales.events`); none with a
        query over files, which names them.
    options : ReadOptions
    scratch : Path
        A folder for the results of queries, and for copies of what is not here.
    write_table : callable, optional
        Writes a table that Spark knows to a folder, see `features.ingestion.distributed.Workers`.

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
    texts = [str(source) for source in sources]
    if options.query and texts and not any(text.partition("://")[0] in DATABASES for text in texts):
        raise SourceError(
            f"a query needs a database URL ({', '.join(SCHEMES)}), and there is none among the sources; one over files "
            "names them itself, so leave out the sources"
        )
    for place, text in enumerate(texts):
        if not text:
            raise SourceError("a source without a name: name a file or a database URL")
        if text.partition("://")[0] in DATABASES and "://" in text:
            files = [open_database(text, scratch / f"answer-{place}.parquet", options)]
        else:
            folder = scratch / f"files-{place}"
            is_table = text.startswith(SPARK_TABLE)
            parts = table_files(text, folder, write_table) if is_table else files_of(text, folder)
            files = [source for file in parts for source in open_file(file, options)]
        if all(file.empty for file in files):
            raise SourceError(f"{without_password(text)} has no rows: expected at least one event below the header")
        opened += files
    if options.query and not opened:
        opened = [open_file_query(options.query, scratch / "answer.parquet", options)]
        if opened[0].empty:
            raise SourceError("the query has no rows: expected at least one event")
    if not opened:
        raise SourceError("no source given: name a file, or a database URL, or a query over files")
    _check_options(opened, options)
    return opened


def files_of(text: str, folder: Path) -> list[SourceFile]:
    """Return the files that a path or URL stands for, copied to a folder where they are not here."""
    if text.startswith("file://"):
        return find_files(unquote(urlsplit(text).path))
    return fetch_files(text, folder) if re.match(r"\w[\w+.-]*://", text) else find_files(text)


def table_files(text: str, folder: Path, write_table: Callable[[str, Path], None] | None) -> list[SourceFile]:
    """Return the files to which the rows of a Spark table were written, in the order of its partitions."""
    if write_table is None:
        raise SourceError(f"{text} is a table of Spark: read it with --engine spark")
    write_table(text.removeprefix(SPARK_TABLE), folder)
    files = sorted(folder.glob("*.parquet"))
    return [SourceFile(file, f"{text}/part-{number:05d}") for number, file in enumerate(files)]


def _check_options(opened: Sequence[Source], options: ReadOptions) -> None:
    """Raise SourceError for a pattern that no source matches, and for a constant that no source lacks."""
    names = [source.name for source in opened]
    for pattern in options.patterns():
        if not any(matches(pattern, name) for name in names):
            near = get_close_matches(pattern, [name.rsplit("/", 1)[-1] for name in names], 1)
            hint = f"did you mean {near[0]}?" if near else f"the sources are {', '.join(names[:10])}"
            raise SourceError(f"no source matches {pattern!r}, for which columns are given: {hint}")
    for key in options.constants:
        pattern, _, column = key.rpartition(":")
        meant = [source for source in opened if not pattern or matches(pattern, source.name)]
        if all(column in source.columns for source in meant):
            raise SourceError(
                f"{column} is given as a constant, but the source has that column: leave out one of the two"
            )


def drop_repeated(sources: Sequence[Source]) -> tuple[list[Source], list[str]]:
    """Return the sources without those that are the same file or hold the same bytes, and a warning for each of these.

    Files of the same bytes are different where their paths give them different values, or where their columns are
    read differently.
    """
    kept: dict[object, Source] = {}
    warnings: list[str] = []
    for source in sources:
        identity = (source_digest(source), *map(_pairs, (source.columns, source.constants)))
        if identity not in kept:
            kept[identity] = source
        elif source.name == kept[identity].name:
            warnings.append(f"{source.name} is named more than once: it is read once")
        else:
            warnings.append(f"{source.name} holds the same bytes as {kept[identity].name}: it is not read")
    if len(warnings) > SHOWN_REPEATS:
        more = f"and {len(warnings) - SHOWN_REPEATS:,} more sources that are named or held twice are read once"
        warnings = [*warnings[:SHOWN_REPEATS], more]
    return list(kept.values()), warnings


def _pairs(values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(values.items()))


def read_batches(sources: Sequence[Source]) -> Iterator[tuple[int, Source, SourceBatch]]:
    """Yield the batches of all sources in order, each with its source and that source's number."""
    for number, source in enumerate(sources):
        for batch in source.batches():
            yield number, source, batch


def source_digest(source: Source) -> str:
    """Return the SHA-256 of what a source holds: of its file, and of which part of it is read."""
    if source.digest:
        return source.digest
    stat = source.file.stat()
    digest = _digest(source.file, stat.st_mtime_ns, stat.st_size)
    return hashlib.sha256(f"{digest}|{source.part}".encode()).hexdigest() if source.part else digest


@lru_cache(maxsize=4096)
def _digest(file: Path, changed: int, size: int) -> str:
    return file_digest(file)


def joint_digest(digests: Iterable[str]) -> str:
    """Return the one digest, or the SHA-256 of several, sorted; the names and the order of sources do not matter."""
    digests = sorted(digests)
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def with_joint_ids(sources: Sequence[Source], recorded: bool) -> list[Source]:
    """Return the sources with 12346.0 read as 12346 in all of them, if any of them, or the store's record, says so."""
    if not recorded and not any(source.profile.ids.whole_numbers for source in sources):
        return list(sources)
    return [replace(each, profile=each.profile.with_values(ids={"whole_numbers": True})) for each in sources]


def joint_rows(sources: Sequence[Source]) -> RowProfile:
    """Return how rows of one reference belong together in all sources: as in any of them that says so."""
    rules = [source.profile.rows for source in sources]
    return RowProfile(
        one_event_per=next((rule.one_event_per for rule in rules if rule.one_event_per), ""),
        replace_references=any(rule.replace_references for rule in rules),
    )
