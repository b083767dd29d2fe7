"""What a store's manifest says about the sources that it was read from, by which they are recognised."""

from collections.abc import Mapping, Sequence
from typing import Any

from features.ingestion.row_counts import RowCounts
from features.ingestion.source_formats import Source
from features.ingestion.sources import source_digest

Record = Mapping[str, Any]
SHOWN = 5
"""More sources that were read before are one warning."""


def drop_known(sources: Sequence[Source], records: Sequence[Record]) -> tuple[list[Source], list[str]]:
    """Return the sources that are not among the records, and a warning for each of the others, or for many.

    A file of the same bytes is another source where its columns were mapped otherwise.
    """
    known = {_identity(record): record for record in records}
    new: list[Source] = []
    before: list[tuple[Source, Record]] = []
    for source in sources:
        record = known.get(_identity(_facts(source)))
        if record is None:
            new.append(source)
        else:
            before.append((source, record))
    if len(before) > SHOWN:
        rows = sum(record["rows"] for _, record in before)
        first, last = before[0][0].name, before[-1][0].name
        return new, [
            f"{len(before):,} sources were read before, {first} to {last} ({rows:,} valid rows): they are not read "
            "again"
        ]
    return new, [_read_before(source.name, record) for source, record in before]


def _read_before(name: str, record: Record) -> str:
    other = "" if record["name"] == name else f" as {record['name']}"
    return f"{name} was read before{other} ({record['rows']:,} valid rows): it is not read again"


def source_records(sources: Sequence[Source], counts: RowCounts) -> list[Record]:
    """Return a record of each source: its name, digest, how it was read, its valid rows and their time span."""
    records: list[Record] = []
    for number, source in enumerate(sources):
        rows, first, last = counts.spans.get(number, (0, None, None))
        ids = {"whole_numbers": True} if source.profile.ids.whole_numbers else {}
        records.append(
            {"name": source.name, **_facts(source), **ids, "rows": rows, "first_time": first, "last_time": last}
        )
    return records


def _facts(source: Source) -> dict[str, Any]:
    return {"digest": source_digest(source), "columns": dict(source.columns), "constants": dict(source.constants)}


def _identity(record: Record) -> tuple[object, ...]:
    return record["digest"], *(tuple(sorted(record[name].items())) for name in ("columns", "constants"))
