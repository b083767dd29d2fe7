"""The file of the faulty rows of small tables: it can be mended and read again, and keeps what nobody has mended."""

import csv
from collections.abc import Iterable
from pathlib import Path

from features.atomic_file import atomic_write
from features.errors import SourceError
from features.ingestion.batches import quarantine_columns
from planning.text_files import UNREADABLE, read_text_rows
from planning.text_rows import Faults, TextRow

KEYS = ("plan_item", "customer_id")
"""The columns that say of whom a row is."""


def write_quarantine(path: Path, faults: Faults, read: Iterable[TextRow]) -> int:
    """Write faulty rows to a CSV file, below those of earlier readings that have not been read again since.

    Parameters
    ----------
    path : Path
        Removed where no faulty row is left.
    faults : Faults
        Of this reading.
    read : iterable of TextRow
        All rows of this reading. A row of an earlier reading is given up when its place is among them and is still of
        the same customer: it was mended, left blank, or is faulty again.

    Returns
    -------
    int
        How many rows of earlier readings the file still has.

    Raises
    ------
    SourceError
        When the file is there and cannot be read.
    """
    earlier = _still_faulty(path, read, faults) if path.is_file() else []
    rows = [*earlier, *faults.rows]
    if not rows:
        path.unlink(missing_ok=True)
        return 0
    # With the columns that were found empty, so that they can be filled in.
    header = list(dict.fromkeys(name for row, column, _ in rows for name in (*row.cells, column)))
    own = quarantine_columns(header)
    with atomic_write(path) as part, part.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*own, *header])
        for row, column, reason in rows:
            place = (row.source, str(row.number), column, row.cells.get(column, ""), reason)
            writer.writerow([*place, *(row.cells.get(name, "") for name in header)])
    return len(earlier)


def _still_faulty(path: Path, read: Iterable[TextRow], faults: Faults) -> list[tuple[TextRow, str, str]]:
    unreadable = Faults()
    try:
        _, rows = read_text_rows(path, "", unreadable)
    except SourceError as error:
        raise SourceError(
            f"{error}; it holds faulty rows of an earlier reading: mend it or move it elsewhere"
        ) from None
    read_again: dict[tuple[str, int], list[TextRow]] = {}
    for row in (*read, *(row for row, _, _ in faults.rows)):
        read_again.setdefault((row.source, row.number), []).append(row)
    earlier = [(row, *(row.fault or (UNREADABLE, "has no reason here"))) for row in rows]
    kept = []
    for row, column, reason in (*earlier, *unreadable.rows):
        if not any(_same_customer(row, column, each) for each in read_again.get((row.source, row.number), ())):
            kept.append((row, column, reason))
    return kept


def _same_customer(earlier: TextRow, faulty: str, row: TextRow) -> bool:
    """Return whether two rows of one place may be of one customer: a fault in such a column was mended."""
    given = [name for name in KEYS if name in earlier.cells]
    return faulty in KEYS or not given or any(row.cells.get(name) == earlier.cells[name] for name in given)
