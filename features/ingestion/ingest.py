"""From raw sources to an event store; every row is kept, quarantined or reported as a duplicate."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from features.as_of import microseconds
from features.data_retention.earliest_event import read_earliest_event
from features.erasure.suppression import read_suppression
from features.errors import InvalidArgumentError, MissingColumnError, StoreError
from features.ingestion.distributed import DistributedIngest, Workers, ingest_by_workers
from features.ingestion.event_versions import EventVersions, write_duplicates
from features.ingestion.id_warnings import check_numbers
from features.ingestion.ingest_report import IngestReport, make_report
from features.ingestion.ingest_scratch import ingest_scratch
from features.ingestion.known_sources import column_options, data_digests, other_records, source_records, split_known
from features.ingestion.log_warnings import addition_warnings, log_warnings
from features.ingestion.lost_rows import FEW_ROWS, describe
from features.ingestion.outcome import (
    SourceFaults,
    is_settled,
    quarantine_beside,
    refusal,
    refuse,
    refuse_split_orders,
)
from features.ingestion.prefetch import prefetch
from features.ingestion.profile import SourceProfile
from features.ingestion.quarantine import Quarantine
from features.ingestion.read_again import EventsReadAgain
from features.ingestion.read_options import ReadOptions
from features.ingestion.row_counts import RowCounts
from features.ingestion.sources import (
    drop_repeated,
    joint_digest,
    joint_rows,
    open_sources,
    read_batches,
    with_joint_ids,
)
from features.ingestion.validated_batches import check_constants, validated_batches
from features.ingestion.validation import ValidationRules
from features.schema import RATING_MAXIMUM, RATING_SCALE_LIMIT
from features.store.event_store import read_manifest
from features.store.layout import TEXT_DTYPES
from features.store.settings import StoreSettings
from features.store.writer import Existing, StoreWriter, refuse_store
from features.timezones import business_timezone


def ingest(
    sources: str | Path | Iterable[str | Path],
    out: str | Path,
    *,
    profile: SourceProfile | Mapping[str, SourceProfile] | None = None,
    query: str | None = None,
    map: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    timezone: str = "UTC",
    rating_maximum: float = RATING_MAXIMUM,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    sheet: str | None = None,
    header_line: int | None = None,
    password: str | None = None,
    memory_limit: str = "1GB",
    threads: int = 2,
    generations: int = StoreSettings.generations,
    buckets: int = StoreSettings.buckets,
    existing: Existing = "refuse",
    maximum_quarantined: float | None = None,
    accept_quarantine: bool = False,
    strict: bool = False,
    known_at: datetime | None = None,
    workers: Workers | None = None,
    progress: Callable[[int], None] | None = None,
) -> IngestReport:
    """Read event logs, check every row, and write the valid ones to an event store.

    Beside the arrays the store gets `report.json` and, where there are such rows, `quarantine.csv` and
    `duplicates.csv`. Temporary files go to the system's temporary folder (`TMPDIR`), or beside the store where workers
    read them: answers of queries, copies of remote files and tables, and valid events with a `reference`.

    Parameters
    ----------
    sources : str, Path or iterable of these
        Files (CSV, JSON lines, Parquet, Arrow, workbooks; CSV and JSON compressed too), globs, folders of Parquet
        files, Delta tables, database URLs with a `query`, or, with workers, `spark:TABLE`. Several are read as one log,
        so a corrected quarantine file can be given beside the log. A file that comes twice is read once.
    out : str or Path
        The folder of the store.
    profile : SourceProfile or mapping of str to SourceProfile, optional
        What the columns of the sources mean, where they are not those of the contract; see `load_profile`. A mapping
        has patterns of sources, such as "charges*.csv".
    query : str, optional
        The SELECT statement for the database URLs; without any source, one over the files that it names.
    map : mapping of str to str, optional
        Names of log columns in the sources, such as {"customer_id": "CustomerID"}. A key such as
        "orders*.csv:customer_id" is for the sources of that name alone.
    constants : mapping of str to str, optional
        Values for log columns that a source lacks, such as {"event_type": "purchase"}; keys as in `map`.
    timezone : str
        The business time zone: of times without an offset, and of days.
    rating_maximum : float
        The highest rating; higher ones go to quarantine. The store keeps it, and so do models fitted to the store.
    delimiter, encoding, decimal : str, optional
        How CSV files are written; detected when None.
    sheet : str, optional
        The sheet of a workbook to read, or a pattern of several; the only one when None.
    header_line : int, optional
        The line, or row of a sheet, of the column names, from 1; detected when None.
    password : str, optional
        Of databases; else that of `REGULARS_DB_PASSWORD`, of the URL, or of PostgreSQL's own variables and files.
    memory_limit : str
        The memory for the search for duplicates, such as "1GB". Half a million rows at a time are read and checked.
    threads : int
        Threads for the search for duplicates. With 1, reading and checking run in the caller's thread too, which helps
        in a debugger.
    generations : int
        How many generations the store keeps, the new one among them.
    buckets : int
        How many buckets a new store divides its customers into, by a hash of their ids. Memory holds the events of one
        bucket at a time, and additions rewrite only the buckets that they touch.
    existing : {"refuse", "replace", "append"}
        What to do with a store at `out`: leave it and raise StoreError; replace it when all went well; or add to it,
        see `append`.
    maximum_quarantined : float, optional
        The share of all rows, and of those of each source, that may be quarantined for reasons that their profile does
        not expect; one row of a source may. Without it: as the profile says, one in twenty.
    accept_quarantine : bool
        Replace the store whatever that share is; a log of which nothing is kept never does.
    strict : bool
        Refuse a log with warnings.
    known_at : datetime, optional
        When the log is read, with its offset. A visit without outcome and rating after it is planned, and quarantined
        like one after its own `recorded_at`; without it, times in the future are taken as they are.
    workers : Workers, optional
        What reads, checks and writes, see `features.engines.spark_shuffle.spark_workers`; this process without it. All
        machines must see sources and store at these paths; nothing can be appended.
    progress : callable, optional
        Called with the number of rows of each batch.

    Returns
    -------
    IngestReport

    Raises
    ------
    InvalidArgumentError
        When an argument is out of range, or the time zone is unknown.
    SourceError
        When a source cannot be read; the store at `out` stays as it was.
    FaultyRowsError
        When no row is kept, or too many are faulty: they are in a file beside the store, which stays as it was.
    StoreError
        When the store cannot be written.
    """
    if not 0 < rating_maximum <= RATING_SCALE_LIMIT:
        raise InvalidArgumentError(f"rating_maximum is {rating_maximum}: expected a number above 0, up to a million")
    StoreSettings(timezone, memory_limit, threads, generations, buckets)  # checks them
    if workers and existing == "append":
        raise InvalidArgumentError("workers add to no store: append on this machine, or ingest the whole log")
    if existing == "refuse":
        refuse_store(Path(out))  # before the work; the writer does it once more
    reading, earliest = None if known_at is None else microseconds(known_at), read_earliest_event(out)
    rules = ValidationRules(business_timezone(timezone), rating_maximum, known_at=reading, earliest=earliest)
    profiles = {"": profile} if isinstance(profile, SourceProfile) else dict(profile or {})
    options = ReadOptions(
        *(query, map or {}, constants or {}, delimiter, encoding, decimal, sheet, header_line),
        profiles=profiles,
        password=password,
    )
    paths = [sources] if isinstance(sources, str | Path) else list(sources)
    with ingest_scratch(out, shared=workers is not None) as scratch:
        opened, warnings = drop_repeated(open_sources(paths, options, scratch, workers and workers.write_table))
        before = list(read_manifest(Path(out)).get("sources", ())) if existing == "append" else []
        known = split_known(opened, before)
        opened = with_joint_ids(known.sources, any(record.get("whole_numbers") for record in before))
        for constants in {tuple(source.constants.items()): source.constants for source in opened}.values():
            check_constants(constants, rules)
        suppression = read_suppression(out)
        removed = [str(each) for each in (suppression.digest if suppression else None, earliest) if each is not None]
        digest = joint_digest([*data_digests(known, before), *removed])
        counts = RowCounts()
        quarantine = Quarantine(scratch / "quarantine.csv", opened)
        recorded = any(source.has_column("recorded_at") for source in opened)
        rows = joint_rows(opened)
        names_sales = any(source.has_column("sale_reference") or source.profile.amounts.refund for source in opened)
        again = EventsReadAgain(known, opened)
        texts = [name for name in TEXT_DTYPES if any(source.has_column(name) for source in opened)]
        names = [source.name for source in opened]
        with StoreWriter(
            out,
            timezone=timezone,
            digest=digest,
            rating_maximum=rating_maximum,
            existing=existing,
            keep=generations,
            buckets=buckets,
        ) as writer:
            if read_suppression(out).hashes != suppression.hashes:  # from now on the lock is held
                raise StoreError(f"customers were erased from {out} meanwhile: start again")
            if workers:
                rule = (suppression, rows, recorded, names_sales, tuple(texts), memory_limit, buckets)
                job = DistributedIngest(tuple(opened), rules, *rule, folder=writer.folder / "workers")
                about_log = ingest_by_workers(job, workers, writer, quarantine, counts, scratch / "duplicates.csv")
            else:
                about = (recorded, memory_limit, threads, rows, names_sales, texts, rules.timezone)
                versions = EventVersions(scratch, *about)
                # One thread reads, one checks, and this one packs the rows: the libraries release the interpreter.
                batches = prefetch(read_batches(opened), threads > 1)
                checked = validated_batches(batches, rules, quarantine, counts, progress, suppression)
                events = prefetch(checked, threads > 1)
                takers = (counts, again, writer)
                with quarantine, closing(events):
                    for batch in events:
                        counts.add_source(batch)
                        for taker in (versions,) if "reference" in batch.schema.names else takers:
                            taker.add(batch)
                counts.by_reference = versions.find(scratch / "duplicates.parquet")
                write_duplicates([*scratch.glob("duplicates.parquet")], scratch / "duplicates.csv", names)
                for batch in versions.events():
                    for taker in takers:
                        taker.add(batch)
                if writer.base is not None:
                    warnings = [*warnings, *again.check(writer.base, counts.removed_by_source)]
                writer.write_columns(rows.replace_references, even_unchanged=bool(quarantine.reasons))
            if writer.merged:
                if rows.one_event_per:
                    refuse_split_orders(writer.merged)
                counts.seen = writer.merged.seen
                warnings = [*warnings, *addition_warnings(writer.merged)]
            if not workers:
                written = writer.opened() if writer.manifest else None
                if writer.base is not None and written is not None:
                    check_numbers(written.customer_ids, writer.base.customer_ids)
                about_log = log_warnings(written, counts, added=writer.merged is not None)
            warnings, lost = [*warnings, *about_log], []
            if quarantine.rows >= FEW_ROWS and writer.manifest:
                lost = describe(quarantine.path, [source.columns for source in opened], writer.opened())
            report = make_report(
                opened, counts, quarantine.reasons, writer.n_customers, timezone, digest, warnings, lost, known.notes
            )
            faults = [
                SourceFaults(each.name, counts.rows_by_source[n], quarantine.reasons_of(each), each.profile.quarantine)
                for n, each in enumerate(opened)
            ]
            no_others = writer.base is not None and report.rows_in == report.suppressed + report.expired
            if not no_others and (why := refusal(report, faults, maximum_quarantined, accept_quarantine, strict)):
                refuse(why, report, quarantine.path, Path(out))
            (writer.folder / "report.json").write_text(report.as_json())
            settled = is_settled(Path(out), names, quarantine.path)
            for file in scratch.glob("*.csv"):
                shutil.move(file, writer.folder / file.name)
            if writer.manifest:
                writer.commit([*other_records(known, before), *source_records(known, opened, counts, quarantine)])
            if settled:
                quarantine_beside(Path(out)).unlink(missing_ok=True)
    return report


def append(sources: str | Path | Iterable[str | Path], store: str | Path, **options: Any) -> IngestReport:
    """Read event logs and add their valid rows to an event store.

    A file that was read before changes nothing, and neither do rows that the store has already: they are counted as
    `seen`. Of a reference that both have, the row recorded later is the event. The result has the events and features
    of one ingest of all files, in whatever order they are added.

    Parameters
    ----------
    sources : str, Path or iterable of these
        As for `ingest`.
    store : str or Path
        The folder of a store; its time zone and rating scale hold for the new rows.
    **options
        As for `ingest`, without `timezone`, `rating_maximum`, `buckets` and `existing`.

    Returns
    -------
    IngestReport

    Raises
    ------
    SourceError
        When a source cannot be read; the store stays as it was.
    StoreError
        When there is no store, it was written by a version that kept no references, or it cannot be written.
    """
    manifest = read_manifest(Path(store))
    scale = float(manifest.get("rating_maximum", RATING_MAXIMUM))
    try:
        return ingest(sources, store, **options, timezone=manifest["timezone"], rating_maximum=scale, existing="append")
    except MissingColumnError as error:
        if not (before := column_options(manifest.get("sources", ()))):
            raise
        raise MissingColumnError(f"{error}; an earlier source was read with {before}, or the same profile") from None
