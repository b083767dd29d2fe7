"""CSV files of which rows are taken out: their byte order mark, bytes that are no UTF-8 and their quotes stay."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from features.atomic_file import atomic_write

MARK = "\ufeff"
HEAD_BYTES = 4
"""The longest start that tells how a file is written: a byte order mark (3 bytes) and a quote."""


def read_csv_rows(path: Path) -> list[list[str]]:
    """Return the rows of a UTF-8 file, its header first."""
    text = path.read_bytes().decode("utf-8", "surrogateescape").removeprefix(MARK)
    return list(csv.reader(io.StringIO(text, newline="")))


def replace_csv_rows(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write other rows to a file in one step, with the byte order mark and the quotes that it has."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES).decode("utf-8", "surrogateescape")
    style: Any = csv.QUOTE_ALL if head.removeprefix(MARK).startswith('"') else csv.QUOTE_MINIMAL
    with atomic_write(path) as part, part.open("w", encoding="utf-8", errors="surrogateescape", newline="") as out:
        out.write(MARK if head.startswith(MARK) else "")
        csv.writer(out, quoting=style, lineterminator="\n").writerows(rows)
