"""The door: raw sources in, an event store out; every row is kept, quarantined or named as a duplicate."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import duckdb
import numpy as np
import pyarrow as pa

from features.errors import InvalidArgumentError, SourceError
from features.ingestion.event_versions import EventVersions
from features.ingestion.ingest_report import IngestReport, RowCounts, as_text
from features.ingestion.quarantine import Quarantine
from features.ingestion.sources import ReadOptions, Source, open_sources
from features.ingestion.validation import ValidationRules, validate_batch
from features.schema import EVENT_TYPES, LOG_COLUMNS, RATING_MAXIMUM
from features.store.writer import write_store
from features.timezones import business_timezone

Progress = Callable[[int], None]
Item = TypeVar("Item")


def ingest(
    sources: str | Path | Iterable[str | Path],
    out: str | Path,
    *,
    query: str | None = None,
    map: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    timezone: str = "UTC",
    rating_maximum: float = RATING_MAXIMUM,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    memory_limit: str = "1GB",
    threads: int = 2,
    progress: Progress | None = None,
) -> IngestReport:
    """Read event logs, check every row against the contract, and write the good ones to an event store at `out`.

    `sources`: CSV or Parquet files, globs, folders of Parquet files, or database URLs with a `query`; several are read
    as one log, so that a mended quarantine file goes beside the log. `map` names a contract column's name in the
    sources ({"customer_id": "CustomerID"}), `constants` gives a column that a source lacks one value ({"event_type":
    "purchase"}). `timezone` is the business time zone: that of times without an offset, and of days. `delimiter`,
    `encoding` and `decimal` are sniffed when None. `memory_limit` and `threads` are for the search for duplicates;
    options and checking take half a million rows at a time. `progress` is called with the number of rows of each batch.

    Beside the arrays the store gets `report.json`, and where there are any `quarantine.csv` and `duplicates.csv`.
    Temporary files go where TMPDIR says: answers of queries, and checked events with a `reference`.
    Raises SourceError when a source cannot be read and ValueError for an unknown time zone; the store at `out` is then
    as it was. StoreError comes from writing.
    """
    if not 0 < rating_maximum <= 1e6:
        raise InvalidArgumentError(f"rating_maximum is {rating_maximum}: expected a number above 0, up to a million")
    if not re.fullmatch(r"\d+(\.\d+)? ?([KMGT]i?)?B", memory_limit, re.IGNORECASE):
        raise InvalidArgumentError(f"memory_limit is {memory_limit!r}: expected a size such as '1GB' or '800MB'")
    if threads < 1:
        raise InvalidArgumentError(f"threads is {threads}: expected 1 or more")
    rules = ValidationRules(business_timezone(timezone), rating_maximum)
    options = ReadOptions(query, map or {}, constants or {}, delimiter, encoding, decimal)
    _check_constants(options.constants, rules)
    given = [sources] if isinstance(sources, str | Path) else list(sources)
    with TemporaryDirectory(prefix="regulars-ingest-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder)
        opened = open_sources(given, options, scratch)
        digest = sources_digest(opened)
        counts, quarantine = RowCounts(), Quarantine(scratch / "quarantine.csv", opened)
        events = ahead(validated_batches(opened, rules, counts, quarantine, progress))
        versions = EventVersions(scratch, has_column(opened, "recorded_at"), memory_limit, threads)
        events = single_versions(events, versions, counts, opened, scratch / "duplicates.csv")
        report: IngestReport | None = None

        def beside(target: Path) -> None:
            nonlocal report
            customers = len(np.load(target / "offsets.npy", mmap_mode="r")) - 1
            report = _report(opened, timezone, digest, customers, counts, quarantine)
            (target / "report.json").write_text(json.dumps(report.as_dict(), indent=2, ensure_ascii=False) + "\n")
            for file in scratch.glob("*.csv"):
                shutil.move(file, target / file.name)

        write_store(out, _tallied(events, counts), timezone=timezone, digest=digest, beside=beside)
    assert report is not None
    return report


def sources_digest(sources: list[Source]) -> str:
    """Return the SHA-256 of the one file, or of the sorted digests of several: what they hold, not their names."""
    digests = sorted(source.digest() for source in sources)
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _check_constants(constants: Mapping[str, str], rules: ValidationRules) -> None:
    """Raise SourceError for a constant that breaks the contract: it would send every row to quarantine."""
    example = {"customer_id": "1", "event_time": "2000-01-01", "event_type": "usage"}
    row = {name: pa.array([value]) for name, value in (example | dict(constants)).items()}
    for column, reason, _ in validate_batch(row, rules).errors.entries:
        if column in constants:
            raise SourceError(f"the constant {column}={constants[column]} {reason}")


def has_column(sources: Iterable[Source], name: str) -> bool:
    """Return whether any of the sources gives the contract column."""
    return any(name in source.taken or name in source.constants for source in sources)


def validated_batches(
    sources: list[Source],
    rules: ValidationRules,
    counts: RowCounts,
    quarantine: Quarantine,
    progress: Progress | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield the good rows as checked, with their place (`source`, `row_number`); quarantine the rest.

    `reference` and `known_from` are in the batches in which any row has them.
    """
    batches = ((place, batch) for place, source in enumerate(sources) for batch in source.batches())
    with quarantine:
        for place, batch in ahead(batches):
            source, size = sources[place], len(batch.numbers)
            log = {**batch.log, **{name: _constant(name, value, size) for name, value in source.constants.items()}}
            events, rows, errors = validate_batch(log, replace(rules, decimal=source.decimal))
            quarantine.add(source, batch, errors)
            counts.rows_in += size + len(batch.unread)
            if progress:
                progress(size + len(batch.unread))
            if len(events):
                events = events.append_column("source", pa.array(np.full(len(events), place, np.int32)))
                numbers = batch.numbers if rows is None else batch.numbers[rows]
                yield events.append_column("row_number", pa.array(numbers))


def _constant(name: str, value: str, size: int) -> pa.Array:
    if any(column.name == name and column.type == "float" for column in LOG_COLUMNS):
        return pa.repeat(float(value), size)
    return pa.DictionaryArray.from_arrays(np.zeros(size, np.int32), pa.array([value]))


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the items while the next one is already being made, in another thread."""
    with ThreadPoolExecutor(1) as maker:
        following = maker.submit(next, items, None)
        while (item := following.result()) is not None:
            following = maker.submit(next, items, None)
            yield item


def single_versions(
    events: Iterable[pa.RecordBatch], versions: EventVersions, counts: RowCounts, sources: list[Source], out: Path
) -> Iterator[pa.RecordBatch]:
    """Yield the events without the rows that another row replaced, which are written to a file `out`."""
    for batch in events:
        if "reference" in batch.schema.names:
            versions.add(batch)
        else:
            yield batch
    try:
        counts.duplicates = versions.find(out, [source.name for source in sources])
    except duckdb.OutOfMemoryException:
        raise SourceError("finding duplicates needs more memory than it may use: raise memory_limit") from None
    except duckdb.Error as error:
        raise SourceError(f"finding duplicates failed ({str(error).splitlines()[0]}): is the disk full?") from None
    yield from versions.events()


def _tallied(events: Iterable[pa.RecordBatch], counts: RowCounts) -> Iterator[pa.RecordBatch]:
    for batch in events:
        counts.add(batch)
        yield batch


def _report(
    sources: list[Source], timezone: str, digest: str, customers: int, counts: RowCounts, quarantine: Quarantine
) -> IngestReport:
    ignored = {name: None for source in sources for name in source.header if name not in source.taken.values()}
    return IngestReport(
        sources=[source.name for source in sources],
        rows_in=counts.rows_in,
        kept=counts.kept,
        quarantined=quarantine.rows,
        quarantined_by_reason=dict(quarantine.reasons.most_common()),
        duplicates=counts.duplicates,
        customers=customers,
        first_time=as_text(counts.first_time),
        last_time=as_text(counts.last_time),
        kinds={name: int(count) for name, count in zip(EVENT_TYPES, counts.kinds, strict=True)},
        extreme_amounts=counts.extreme_amounts(),
        ignored_columns=list(ignored),
        timezone=timezone,
        assumed={source.name: dict(source.assumed) for source in sources},
        digest=digest,
    )
