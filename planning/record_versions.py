"""Which records say something new, and which one of a row is the latest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from planning.record_rows import Record
from planning.text_rows import TextRow

USED, SEEN, SUPERSEDED = "used", "seen", "superseded"
"""What becomes of a record: it is the latest of its row, it was known already, or a later one of its row stands."""
NO_CONTENT = ("recorded_at", "stated", "source", "row", "digest")


@dataclass(frozen=True)
class RecordTable:
    """Rows that came in together, the digest by which they are known again, and the name of their file."""

    rows: Sequence[TextRow]
    digest: str
    name: str = ""


def file_state(table: RecordTable, known: Sequence[Record]) -> tuple[str, str] | None:
    """Return the name of a file that was read before, and whether it is `unchanged` or `changed`; None for others.

    Parameters
    ----------
    table : RecordTable
    known : sequence of dict
        All records so far.
    """
    if not table.name:
        return None
    if any(row["digest"] == table.digest for row in known):
        return table.name, "unchanged"
    return (table.name, "changed") if any(row["source"] == table.name for row in known) else None


def latest_records(records: Iterable[Record]) -> dict[str, Record]:
    """Return the latest record by id: the one recorded last, of these the last one read."""
    latest: dict[str, Record] = {}
    for row in records:
        before = latest.get(row["record_id"])
        if before is None or row["recorded_at"] >= before["recorded_at"]:
            latest[row["record_id"]] = row
    return latest


def settle(found: Sequence[Record], known: list[Record]) -> list[str]:
    """Add the records of one file that say something new to those that are known.

    Parameters
    ----------
    found : sequence of dict
        Records of one file; all have its `digest`. A file that was read before adds only its rows that were faulty
        then and of which nothing was recorded since. One of which every row was known already leaves no digest.
    known : list of dict
        All records so far; receives the new ones.

    Returns
    -------
    list of str
        What became of each record: USED, SEEN or SUPERSEDED.
    """
    digests = {row["digest"] for row in known} - {""}
    repeated = bool(found) and found[0]["digest"] in digests
    outcomes = _repeated_outcomes(found, known) if repeated else [""] * len(found)
    current = latest_records(known)
    versions: dict[str, list[Record]] = {}
    for row in known:
        versions.setdefault(row["record_id"], []).append(row)
    used: dict[str, int] = {}
    for at, row in enumerate(found):
        if outcomes[at]:
            continue
        key = row["record_id"]
        same_time = [each for each in versions.get(key, ()) if each["recorded_at"] == row["recorded_at"]]
        rivals = same_time if row["stated"] else [current[key]] if key in current else []
        if any(_content(each) == _content(row) for each in rivals):
            outcomes[at] = SEEN
            continue
        known.append(row)
        versions.setdefault(key, []).append(row)
        if key in current and row["recorded_at"] < current[key]["recorded_at"]:
            outcomes[at] = SUPERSEDED
            continue
        if key in used:  # of one file, the later row counts
            outcomes[used[key]] = SUPERSEDED
        outcomes[at], used[key], current[key] = USED, at, row
    return outcomes


def _repeated_outcomes(found: Sequence[Record], known: Sequence[Record]) -> list[str]:
    """Return what becomes of the rows of a file read before: "" for those that were faulty then and may be new."""
    digest = found[0]["digest"]
    first = next(at for at, row in enumerate(known) if row["digest"] == digest)
    contents: dict[str, list[list[Any]]] = {}
    for row in known:
        contents.setdefault(row["record_id"], []).append(_content(row))
    places = {(row["source"], row["row"]) for row in known if row["digest"] == digest}
    since = {row["record_id"] for row in known[first:]}
    outcomes = []
    for row in found:
        if (row["source"], row["row"]) in places or _content(row) in contents.get(row["record_id"], ()):
            outcomes.append(SEEN)
        else:
            outcomes.append(SUPERSEDED if row["record_id"] in since else "")
    return outcomes


def _content(row: Record) -> list[Any]:
    return [value for name, value in sorted(row.items()) if name not in NO_CONTENT]
