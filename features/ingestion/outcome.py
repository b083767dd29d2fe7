"""Decides whether a log may replace a store, or so many of its rows are faulty that somebody must look."""

import csv
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from features.atomic_file import file_digest
from features.errors import FaultyRowsError, SourceError
from features.ingestion.id_rules import IS_TOTAL
from features.ingestion.ingest_report import IngestReport
from features.ingestion.profile import QuarantineProfile
from features.store.event_store import is_store
from features.store.merging import Merged


@dataclass(frozen=True)
class SourceFaults:
    """The faulty rows of a source.

    Attributes
    ----------
    name : str
    rows : int
        All rows that were read from it.
    reasons : mapping of str to int
        Its quarantined rows by the first thing wrong with them.
    usual : QuarantineProfile
        What its profile expects.
    """

    name: str
    rows: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    usual: QuarantineProfile = field(default_factory=QuarantineProfile)

    @property
    def unexpected(self) -> int:
        """The rows quarantined for reasons that the profile does not expect."""
        return unexpected_rows(self.reasons, self.usual)


def quarantine_beside(store: Path) -> Path:
    """Return where the quarantine goes when the store at a path is not replaced."""
    return store.parent / f"{store.name}-quarantine.csv"


def is_settled(store: Path, sources: Collection[str], quarantine: Path) -> bool:
    """Return whether the quarantine that a refused attempt left beside a store has nothing that is not elsewhere.

    It is of sources that have now been read, and their faulty rows are valid or in a quarantine of the same bytes. A
    copy that somebody has begun to correct differs.

    Parameters
    ----------
    store : Path
    sources : collection of str
        The names of the sources that were read.
    quarantine : Path
        That of these, if any row is in it.
    """
    beside = quarantine_beside(store)
    try:
        if quarantine.exists():
            return file_digest(beside) == file_digest(quarantine)
        with beside.open(encoding="utf-8-sig", newline="") as file:
            return {row[0] for row in islice(csv.reader(file), 1, None) if row} <= set(sources)
    except (OSError, ValueError, csv.Error):
        return False


def unexpected_rows(reasons: Mapping[str, int], usual: QuarantineProfile) -> int:
    """Return the number of rows quarantined for reasons that a profile does not expect; nothing is lost with totals."""
    expected = (f"customer_id {IS_TOTAL}", *usual.expected)
    return sum(count for reason, count in reasons.items() if not reason.startswith(expected))


def refusal(
    report: IngestReport, sources: Sequence[SourceFaults], maximum: float | None, accept: bool, strict: bool
) -> str:
    """Return why a log may not replace a store, or "".

    Parameters
    ----------
    report : IngestReport
    sources : sequence of SourceFaults
    maximum : float or None
        The share of rows that may be faulty for unexpected reasons, of all rows and of those of each source, where
        one such row is not too many; None: as each profile says, of all rows the least of these.
    accept : bool
        Whether any share is accepted.
    strict : bool
        Whether warnings refuse it too.
    """
    reasons = _reasons(report.quarantined_by_reason)
    if report.rows_in and not report.kept and not report.seen:
        left_out = f"{report.left_out:,} are left out by the profile" if report.left_out else ""
        erased = f"{report.suppressed:,} are of erased customers" if report.suppressed else ""
        old = f"{report.expired:,} are older than what the store keeps" if report.expired else ""
        why = "; ".join(filter(None, (reasons, left_out, erased, old))) or "it has none"
        return f"none of {report.rows_in:,} rows is kept: {why}"
    if not accept and (why := _too_many(report, sources, maximum)):
        return why
    if strict and report.warnings:
        return f"{len(report.warnings)} warnings under --strict: {'; '.join(report.warnings)}"
    return ""


def _too_many(report: IngestReport, sources: Sequence[SourceFaults], maximum: float | None) -> str:
    """Return which share of faulty rows is too large, that of all rows or that of one source, or ""."""
    if not report.rows_in:  # of an addition, all files were read before
        return ""
    least = min((source.usual.maximum_share for source in sources), default=0.0)
    limit, unexpected = least if maximum is None else maximum, sum(source.unexpected for source in sources)
    if unexpected > limit * report.rows_in:
        return _shares("", unexpected, report.rows_in, limit, report.quarantined_by_reason)
    for source in sources:
        limit = source.usual.maximum_share if maximum is None else maximum
        if source.unexpected > max(limit * source.rows, 1):
            return _shares(f" of {source.name}", source.unexpected, source.rows, limit, source.reasons)
    return ""


def _shares(of_source: str, unexpected: int, rows: int, limit: float, reasons: Mapping[str, int]) -> str:
    usual = next(iter(reasons), "").partition(":")[0]
    return (
        f"{unexpected:,} of {rows:,} rows{of_source} ({unexpected / rows:.1%}) are faulty, more than {limit:.1%}: "
        f"{_reasons(reasons)}; correct them, say how to read them, or give --accept-quarantine if that is usual here "
        f'(in a profile: [quarantine] expected = ["{usual}"])'
    )


def _reasons(reasons: Mapping[str, int]) -> str:
    return "; ".join(f"{count:,} {reason}" for reason, count in list(reasons.items())[:3])


def refuse(reason: str, report: IngestReport, quarantine: Path, store: Path) -> None:
    """Keep the quarantine beside the store and raise FaultyRowsError."""
    kept = ""
    if quarantine.exists():
        beside = quarantine_beside(store)
        beside.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(quarantine, beside)
        kept = f"; the faulty rows are in {beside}"
    outcome = f"{store} stays as it was" if is_store(store) else f"no store was made at {store}"
    raise FaultyRowsError(f"{reason}{kept}; {outcome}", tuple(report.lines()))


def refuse_split_orders(merged: Merged) -> None:
    """Raise SourceError when line items were added to a store that has others of the same order and day."""
    if merged.same_day:
        raise SourceError(
            f"{merged.same_day:,} orders are in the store with other line items of one day, and "
            "would count twice: give --replace-references if they replace those; if one order is split "
            "over files, go back with regulars store rollback and append its files in one command; if they "
            "are events beside them, leave out one_event_per"
        )
