"""How a plan stands after records came in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from planning.plan_folder import Plan
from planning.record_rows import Record
from planning.text_rows import Faults


@dataclass(frozen=True)
class RecordSummary:
    """What became of the rows, and how the plan stands.

    Attributes
    ----------
    rows_in, used, quarantined, superseded, seen, blank : int
        Rows, and what they were: taken, faulty, older than another record of the same row, known already, not filled
        in. The last five sum to the first.
    planned : int
        Rows of the plan that were to be done.
    statuses : mapping of str to int
        These rows by their latest status; those without any are `unanswered`.
    skipped : mapping of str to int
        The skipped ones by reason.
    control, control_contacted : int
        Customers left alone at random, and those of them whom the records say were met all the same.
    holdout : int
        Those of them who had been chosen, with whom `regulars effects` compares; the others were drawn to learn from.
    outside : int
        Records of customers met outside the plan.
    withdrawn : int
        Records whose event was in `events.parquet` before and is not any more; a store that took it still has it.
    reasons : mapping of str to int
        Faulty rows by what is wrong.
    quarantine : Path or None
        Their file.
    kept : int
        Faulty rows of earlier readings that are still in it.
    unknown : sequence of str
        Customers met outside the plan of whom it knew nothing; a store that takes their events gets them as customers.
    files : sequence of (str, str, int)
        Files that were read before: name, `unchanged` or `changed` since, and the rows in them that are new.
    """

    rows_in: int
    used: int
    quarantined: int
    superseded: int
    seen: int
    blank: int
    planned: int
    statuses: Mapping[str, int]
    skipped: Mapping[str, int]
    control: int
    control_contacted: int
    holdout: int
    outside: int
    withdrawn: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    quarantine: Path | None = None
    kept: int = 0
    unknown: Sequence[str] = ()
    files: Sequence[tuple[str, str, int]] = ()


def record_summary(
    plan: Plan,
    current: Mapping[str, Record],
    counts: Counter[str],
    faults: Faults,
    withdrawn: int,
    quarantine: Path | None,
) -> RecordSummary:
    """Return how a plan stands.

    Parameters
    ----------
    plan : Plan
    current : mapping of str to dict
        The latest records by `record_id`.
    counts : Counter of str
        Rows by what became of them.
    faults : Faults
    withdrawn : int
    quarantine : Path, optional
        The file of faulty rows, if there are any.
    """
    arms = dict(zip(plan.items["plan_item"], plan.items["arm"], strict=True))
    to_do = [item for item, arm in arms.items() if arm == "do"]
    statuses = Counter(current[item]["status"] if item in current else "unanswered" for item in to_do)
    skipped = Counter(
        current[item]["reason"] for item in to_do if item in current and current[item]["status"] == "skipped"
    )
    met = {row["plan_item"] for row in current.values() if row["status"] == "done"}
    control = [item for item, arm in arms.items() if arm == "leave"]
    return RecordSummary(
        rows_in=counts["rows_in"],
        used=counts["used"],
        quarantined=len(faults.rows),
        superseded=counts["superseded"],
        seen=counts["seen"],
        blank=counts["blank"],
        planned=len(to_do),
        statuses=dict(statuses.most_common()),
        skipped=dict(skipped.most_common()),
        control=len(control),
        control_contacted=len(met.intersection(control)),
        holdout=len({*control}.difference(plan.manifest.get("exploration", ()))),
        outside=sum(key not in arms for key in current),
        withdrawn=withdrawn,
        reasons=faults.reasons(),
        quarantine=quarantine,
    )
