"""What a store's manifest says about the sources that it was read from, by which they are recognised.

A file of the same bytes is the same source unless other columns, constants or rows of it are read. It is read again
only where rows of it were quarantined and it is read otherwise now: by another profile, other options, other event
words or another table of rates.
"""

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from features.atomic_file import file_digest
from features.ingestion.profile_writer import settings_of
from features.ingestion.quarantine import Quarantine
from features.ingestion.read_options import OWN
from features.ingestion.row_counts import RowCounts
from features.ingestion.source_formats import Source
from features.ingestion.sources import source_digest
from features.schema import WORDS

Record = Mapping[str, Any]
SHOWN = 5
"""More sources that were read before have one note together."""
FILE_FORMAT = ("format", "encoding", "delimiter", "header line", "sheet", "packed")
"""What a report says of how a file is written, beside what the profile has."""


class KnownSources(NamedTuple):
    """Which of the sources of an addition are read.

    Attributes
    ----------
    sources : list of Source
        Those that are read.
    readings : list of str
        Of each of them, a digest of how it is read.
    again : dict of int to Record
        By the number of a source among them that is read again, its record of before.
    otherwise : set of int
        The numbers of those whose bytes were read before with other columns, constants or rows.
    notes : list of str
        A line for each source that was read before, or for many.
    """

    sources: list[Source]
    readings: list[str]
    again: dict[int, Record]
    otherwise: set[int]
    notes: list[str]


def split_known(sources: Sequence[Source], records: Sequence[Record]) -> KnownSources:
    """Return which sources are read, since they are not among the records or are to be read again."""
    known = {_identity(record): record for record in records}
    bytes_read = {record["digest"] for record in records}
    split = KnownSources([], [], {}, set(), [])
    before: list[tuple[Source, Record, str]] = []
    for source in sources:
        record, reading = known.get(_identity(_facts(source))), reading_digest(source)
        if record is not None:
            before.append((source, record, reading))
            if not _is_mended(record, reading):
                continue
            split.again[len(split.sources)] = record
        elif source_digest(source) in bytes_read:
            split.otherwise.add(len(split.sources))
        split.sources.append(source)
        split.readings.append(reading)
    notes = [_note(*each) for each in before]
    if len(notes) > SHOWN:
        rows = sum(record["rows"] for _, record, _ in before)
        notes = [
            f"{len(before):,} sources were read before, {before[0][0].name} to {before[-1][0].name} ({rows:,} valid "
            f"rows): {_which(len(split.again))} read again"
        ]
    return split._replace(notes=notes)


def _is_mended(record: Record, reading: str) -> bool:
    """Return whether faulty rows of a source may be valid now; records of earlier versions do not say how many."""
    return bool(record.get("quarantined")) and record["reading"] != reading


def _which(again: int) -> str:
    return f"{again:,} that had rows in quarantine and are read otherwise now are" if again else "they are not"


def _note(source: Source, record: Record, reading: str) -> str:
    other = "" if record["name"] == source.name else f" as {record['name']}"
    text = f"{source.name} was read before{other} ({record['rows']:,} valid rows"
    faulty = record.get("quarantined", 0)
    text += f", {faulty:,} quarantined)" if faulty else ")"
    if _is_mended(record, reading):
        return f"{text}: it is read again, since it is read otherwise now"
    if faulty:
        return f"{text}: it is not read again unless a profile or options make faulty rows valid"
    if record.get("reading", reading) != reading:
        return f"{text}: its rows stay as they were read; ingest the whole log with --replace to read them otherwise"
    return f"{text}: it is not read again"


def source_records(
    known: KnownSources, sources: Sequence[Source], counts: RowCounts, quarantine: Quarantine
) -> list[Record]:
    """Return a record of each source: its name, digest, how it was read, its rows and their time span.

    Parameters
    ----------
    known : KnownSources
    sources : sequence of Source
        Those of `known`, as they were read.
    counts : RowCounts
    quarantine : Quarantine
    """
    records: list[Record] = []
    for number, (source, reading) in enumerate(zip(sources, known.readings, strict=True)):
        rows, first, last = counts.spans.get(number, (0, None, None))
        ids = {"whole_numbers": True} if source.profile.ids.whole_numbers else {}
        read = {"reading": reading, "events": counts.stored[number]}
        faulty = quarantine.reasons_by_source[source.name].total()
        data = {"data_digest": known_digest(known, number)} if number in known.again else {}
        facts = {**_facts(known.sources[number]), **ids, **read, "quarantined": faulty, **data}
        records.append({"name": source.name, **facts, "rows": rows, "first_time": first, "last_time": last})
    return records


def column_options(records: Sequence[Record]) -> str:
    """Return the options by which the last source that needed any was mapped, ready to be pasted, or ""."""
    for record in reversed(records):
        columns = record["columns"].items()
        mapped = [f"{name}={own}" for name, own in columns if not name.startswith(OWN) and name != own]
        constants = [f"{name}={value}" for name, value in record["constants"].items()]
        words = [("--map", pair) for pair in mapped] + [("--set", pair) for pair in constants]
        if words:
            return " ".join(f"{option} {shlex.quote(pair)}" for option, pair in words)
    return ""


def other_records(known: KnownSources, records: Sequence[Record]) -> list[Record]:
    """Return the records without those of sources that are read again."""
    again = [*known.again.values()]
    return [record for record in records if record not in again]


def data_digests(known: KnownSources, records: Sequence[Record]) -> list[str]:
    """Return the digests of what a store holds after an addition; a source that is read again gives other data."""
    digests = [known_digest(known, number) for number in range(len(known.sources))]
    return [*digests, *(record.get("data_digest", record["digest"]) for record in other_records(known, records))]


def known_digest(known: KnownSources, number: int) -> str:
    """Return the digest of a source's data, with how it is read where it was read otherwise before."""
    digest = source_digest(known.sources[number])
    return (
        hashlib.sha256(f"{digest}|{known.readings[number]}".encode()).hexdigest() if number in known.again else digest
    )


def reading_digest(source: Source) -> str:
    """Return a digest of all that decides what the rows of a source are, beside its bytes and the store.

    Which faulty rows are usual is no part of it.
    """
    rates = source.profile.currency.rates
    profile = source.profile.with_values(currency={"rates": file_digest(Path(rates)) if rates else ""})
    given = [setting for setting in settings_of(profile) if not setting[0].startswith("quarantine.")]
    file = {key: value for key, value in source.assumed.items() if key in FILE_FORMAT}
    facts = [given, file, WORDS.as_dict()]
    return hashlib.sha256(msgspec.json.encode(facts, order="deterministic")).hexdigest()[:16]


def _facts(source: Source) -> dict[str, Any]:
    rules = source.profile.rows
    filters = {key: dict(value) for key, value in (("keep", rules.keep), ("leave_out", rules.leave_out)) if value}
    facts = {"digest": source_digest(source), "columns": dict(source.columns), "constants": dict(source.constants)}
    return {**facts, "filters": filters} if filters else facts


def _identity(record: Record) -> tuple[object, ...]:
    """Return what makes a source another one; columns of its own, which a profile reads, are no part of it."""
    columns = sorted((name, own) for name, own in record["columns"].items() if not name.startswith(OWN))
    filters = sorted(
        (rule, name, tuple(values))
        for rule, by_column in record.get("filters", {}).items()
        for name, values in by_column.items()
    )
    return record["digest"], tuple(columns), tuple(sorted(record["constants"].items())), tuple(filters)
