"""Removes old rows from files of faulty rows and of duplicates, whose times are texts as their source had them."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pyarrow as pa

from features.csv_rows import read_csv_rows, replace_csv_rows
from features.ingestion.casting import RowErrors, cast_timestamps
from features.timezones import BusinessTimezone

UNKNOWN = np.iinfo(np.int64).min


def remove_old_rows(
    file: Path,
    earliest: int,
    columns: Collection[str],
    zone: BusinessTimezone,
    *,
    without_time: bool,
    dry_run: bool = False,
) -> int:
    """Remove the rows of a CSV file whose latest time is too old, in one step; return how many.

    Parameters
    ----------
    file : Path
        UTF-8, with or without a byte order mark.
    earliest : int
        The earliest time that stays, in microseconds since 1970-01-01 UTC.
    columns : collection of str
        Columns with times in ISO format.
    zone : BusinessTimezone
        Of times without an offset.
    without_time : bool
        Whether rows go of which no time can be read.
    dry_run : bool
        Whether to count only.
    """
    rows = read_csv_rows(file)
    if len(rows) < 2:
        return 0
    header, body = rows[0], rows[1:]
    latest = np.full(len(body), UNKNOWN)
    for at in [at for at, name in enumerate(header) if name in columns]:
        texts = [row[at].encode("utf-8", "replace").decode() if at < len(row) else None for row in body]
        errors = RowErrors()
        times = cast_timestamps("event_time", pa.array(texts, pa.string()), zone, errors, ("iso",))
        times = times.fill_null(UNKNOWN).to_numpy().copy()
        for _, _, unreadable in errors.entries:
            times[unreadable] = UNKNOWN
        latest = np.maximum(latest, times)
    known = latest > UNKNOWN
    old = np.where(known, latest < earliest, without_time)
    if old.any() and not dry_run:
        replace_csv_rows(file, [header, *(row for row, is_old in zip(body, old, strict=True) if not is_old)])
    return int(old.sum())
