"""The report of an ingest: rows in, kept, quarantined and duplicate, and what is worth a second look."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from features.ingestion.row_counts import RowCounts, utc_text, zone_text
from features.ingestion.source_formats import Source
from features.plurals import counted
from features.schema import EVENT_TYPES

SHOWN_SOURCES = 5


@dataclass(frozen=True)
class IngestReport:
    """What reading a log resulted in; `rows_in` + `added` is the sum of the counts below it.

    Attributes
    ----------
    sources : sequence of str
        Files and databases, without passwords.
    rows_in, added : int
        Rows read; returns made of what rows say was given back.
    kept, quarantined, duplicates, merged, left_out, seen : int
        Valid rows that are an event; invalid rows; valid rows that another row replaced; line items that were added to
        the first of their event; rows that the profile leaves out; rows that the store had already.
    quarantined_by_reason : mapping of str to int
        Invalid rows by the first thing wrong with them, the most frequent first.
    customers : int
        Customers with a valid event.
    first_time, last_time : str or None
        Of the kept rows, in ISO format, UTC.
    kinds : mapping of str to int
        Kept rows by event type.
    extreme_amounts : mapping
        The rule, its limit, the number of kept amounts above it, and the largest of them.
    ignored_columns : sequence of str
        Columns of the sources that are no log columns.
    timezone : str
        The business time zone.
    assumed : mapping of str to mapping
        How each source was read: format, and what was detected.
    digest : str
        SHA-256 of what the sources hold.
    warnings : sequence of str
        What may be wrong with the log as a whole, each with its figure and what to do.
    notes : sequence of str
        Which sources were read before, which is no fault.
    suppressed : int
        Rows of customers who were erased, which are never kept.
    expired : int
        Rows that are older than what the store keeps, see `features.data_retention`.
    lost : sequence of str
        What faulty values look like, and how the rows in quarantine differ from those that were kept.
    """

    sources: Sequence[str]
    rows_in: int
    kept: int
    quarantined: int
    quarantined_by_reason: Mapping[str, int]
    duplicates: int
    merged: int
    left_out: int
    added: int
    seen: int
    customers: int
    first_time: str | None
    last_time: str | None
    kinds: Mapping[str, int]
    extreme_amounts: Mapping[str, Any]
    ignored_columns: Sequence[str]
    timezone: str
    assumed: Mapping[str, Mapping[str, str]]
    digest: str
    warnings: Sequence[str]
    lost: Sequence[str]
    notes: Sequence[str] = ()
    suppressed: int = 0
    expired: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the report as a dictionary, for JSON; `suppressed` and `expired` are there where they are not 0."""
        rare = ("suppressed", "expired")
        return {name: value for name, value in asdict(self).items() if value or name not in rare}

    def as_json(self) -> str:
        """Return the report as the text of `report.json`."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + "\n"

    def lines(self) -> list[str]:
        """Return the report as lines of text, with times on the clock of the business time zone."""
        first, last = (zone_text(time, self.timezone) for time in (self.first_time, self.last_time))
        span = f"{first} to {last}" if self.kept else "no event and so no time span"
        others = {
            "line items merged": self.merged,
            "left out by the profile": self.left_out,
            "of erased customers": self.suppressed,
            "older than what the store keeps": self.expired,
            "returns made of refunds": self.added,
            "in the store already": self.seen,
        }
        lines = [
            f"{counted(self.rows_in, 'row')} in: {self.kept:,} kept, {self.quarantined:,} quarantined, "
            f"{counted(self.duplicates, 'duplicate')}"
            + "".join(f", {count:,} {name}" for name, count in others.items() if count),
            f"{counted(self.customers, 'customer')}, {span}, days counted in {self.timezone}",
        ]
        if self.kept:
            kinds = (f"{count:,} {name}" for name, count in self.kinds.items() if count)
            lines.append("events: " + ", ".join(kinds))
        lines += _assumed_lines(self.assumed)
        if self.ignored_columns:
            lines.append(f"columns not used: {', '.join(self.ignored_columns)}")
        if self.quarantined:
            lines.append("quarantined (quarantine.csv; mend it and read it again beside the log):")
            lines += [f"  {count:,}  {reason}" for reason, count in self.quarantined_by_reason.items()]
            lines += [f"  {text}" for text in self.lost]
        if self.duplicates:
            lines.append(f"{counted(self.duplicates, 'row')} set aside as older versions or copies (duplicates.csv)")
        if self.extreme_amounts["count"]:
            count, limit = self.extreme_amounts["count"], self.extreme_amounts["above"]
            lines.append(f"{counted(count, 'extreme amount')}, above {limit:,.2f} (kept); the largest:")
            for event in self.extreme_amounts["largest"]:
                shown = {**event, "event_time": zone_text(event["event_time"], self.timezone)}
                lines.append("  {amount:,.2f}  {event_type} of {customer_id} at {event_time}".format(**shown))
        return [*lines, *self.notes, *(f"warning: {warning}" for warning in self.warnings)]


def _assumed_lines(assumed: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return how the sources were read: a line each, one line for all that were read alike if these are many."""
    alike: dict[str, list[str]] = {}
    for source, found in assumed.items():
        alike.setdefault(", ".join(f"{name} {value!r}" for name, value in found.items()), []).append(source)
    lines: list[str] = []
    for settings, sources in alike.items():
        if len(sources) <= SHOWN_SOURCES:
            lines += [f"{source}: {settings}" for source in sources]
        else:
            lines.append(f"{len(sources):,} sources, {sources[0]} to {sources[-1]}: {settings}")
    return lines


def make_report(
    sources: Sequence[Source],
    counts: RowCounts,
    reasons: Counter[str],
    customers: int,
    timezone: str,
    digest: str,
    warnings: Sequence[str] = (),
    lost: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> IngestReport:
    """Return the report of an ingest, from what was counted; `reasons` are those of the quarantine.

    `lost` says of the rows there what their values look like, and how they differ from those that were kept;
    `notes` say which sources were read before.
    """
    ignored = {name: None for source in sources for name in source.header if name not in source.columns.values()}
    return IngestReport(
        sources=[source.name for source in sources],
        rows_in=counts.rows_in,
        kept=counts.kept - counts.seen,
        quarantined=reasons.total(),
        quarantined_by_reason=dict(reasons.most_common()),
        duplicates=counts.by_reference.replaced,
        merged=counts.by_reference.merged,
        left_out=counts.left_out,
        added=counts.added,
        seen=counts.seen,
        customers=customers,
        first_time=utc_text(counts.first_time),
        last_time=utc_text(counts.last_time),
        kinds={name: int(count) for name, count in zip(EVENT_TYPES, counts.kinds, strict=True)},
        extreme_amounts=counts.extreme_amounts(),
        ignored_columns=list(ignored),
        timezone=timezone,
        assumed={source.name: dict(source.assumed) for source in sources},
        digest=digest,
        warnings=list(warnings),
        lost=list(lost),
        notes=list(notes),
        suppressed=counts.suppressed,
        expired=counts.expired,
    )
