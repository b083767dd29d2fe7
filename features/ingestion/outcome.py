"""Decides whether a log may replace a store, or so many of its rows are faulty that somebody must look."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from features.errors import FaultyRowsError
from features.ingestion.id_rules import IS_TOTAL
from features.ingestion.ingest_report import IngestReport
from features.ingestion.profile import QuarantineProfile


def quarantine_beside(store: Path) -> Path:
    """Return where the quarantine goes when the store at a path is not replaced."""
    return store.parent / f"{store.name}-quarantine.csv"


def unexpected_rows(reasons: Mapping[str, int], profiles: Sequence[QuarantineProfile]) -> int:
    """Return the number of rows quarantined for reasons that no profile expects; nothing is lost with totals."""
    expected = (f"customer_id {IS_TOTAL}", *(text for profile in profiles for text in profile.expected))
    return sum(count for reason, count in reasons.items() if not reason.startswith(expected))


def refusal(
    report: IngestReport, profiles: Sequence[QuarantineProfile], maximum: float | None, accept: bool, strict: bool
) -> str:
    """Return why a log may not replace a store, or "".

    Parameters
    ----------
    report : IngestReport
    profiles : sequence of QuarantineProfile
        Of each source: what is usual there.
    maximum : float or None
        The share of rows that may be faulty for other reasons; None: the least of the profiles.
    accept : bool
        Whether any share is accepted.
    strict : bool
        Whether warnings refuse it too.
    """
    reasons = "; ".join(f"{count:,} {reason}" for reason, count in list(report.quarantined_by_reason.items())[:3])
    if not report.rows_in:  # of an addition, all files were read before
        return ""
    if not report.kept and not report.seen:
        left_out = f"{report.left_out:,} are left out by the profile" if report.left_out else ""
        why = "; ".join(filter(None, (reasons, left_out))) or "it has none"
        return f"none of {report.rows_in:,} rows is kept: {why}"
    unexpected = unexpected_rows(report.quarantined_by_reason, profiles)
    limit = min((profile.maximum_share for profile in profiles), default=0.0) if maximum is None else maximum
    share = unexpected / report.rows_in
    usual = next(iter(report.quarantined_by_reason), "").partition(":")[0]
    if share > limit and not accept:
        return (
            f"{unexpected:,} of {report.rows_in:,} rows ({share:.1%}) are faulty, more than {limit:.1%}: {reasons}; "
            "correct them, say how to read them, or give --accept-quarantine if that is usual here (in a profile: "
            f'[quarantine] expected = ["{usual}"])'
        )
    if strict and report.warnings:
        return f"{len(report.warnings)} warnings under --strict: {'; '.join(report.warnings)}"
    return ""


def refuse(reason: str, report: IngestReport, quarantine: Path, store: Path) -> None:
    """Keep the quarantine beside the store and raise FaultyRowsError."""
    kept = ""
    if quarantine.exists():
        beside = quarantine_beside(store)
        beside.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(quarantine, beside)
        kept = f"; the faulty rows are in {beside}"
    raise FaultyRowsError(f"{reason}{kept}; {store} stays as it was", tuple(report.lines()))
