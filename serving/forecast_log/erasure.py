"""Erases customers from a forecast log: by the pseudonyms that they have under each key that is held."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from features.atomic_file import atomic_write
from features.encryption.parquet_files import read_parquet, write_parquet
from features.key_files import HASH_BYTES
from serving.forecast_log.log_files import damage_named, day_files, day_folders, locked_day, remove_unfinished
from serving.forecast_log.pseudonyms import PseudonymKeys


def erase_from_log(folder: Path, keys: PseudonymKeys, customer_ids: Iterable[str], *, check: bool = False) -> int:
    """Take the rows of customers out of a log, each file in one step; return how many these are.

    Parameters
    ----------
    folder : Path
        The log. A service may go on writing to it: rows that it writes afterwards need another erasure.
    keys : PseudonymKeys
        Rows under a key that was destroyed lead to nobody, and stay.
    customer_ids : iterable of str
    check : bool
        Whether to count the rows only.

    Raises
    ------
    ForecastLogError
        When a file is damaged, or is none of a log.
    OSError
        When a file or a key cannot be read or written.
    ValueError
        When a file of keys holds no valid key.
    """
    hashed = keys.pseudonyms(customer_ids)
    wanted = pa.array(sorted({value for _, value in hashed}), pa.binary(HASH_BYTES))
    rows = 0
    for day in day_folders(folder):
        with locked_day(day):
            if not check:
                remove_unfinished(day)
            rows += sum(_erase_from_file(path, wanted, check) for path in day_files(day))
    return rows


def _erase_from_file(path: Path, wanted: pa.Array, check: bool) -> int:
    with damage_named(path):
        table = read_parquet(path)
        if "pseudonym" not in table.column_names:
            raise pa.ArrowKeyError("it has no column pseudonym")
    theirs = pc.is_in(table["pseudonym"], wanted)
    count = int(pc.sum(theirs).as_py() or 0)
    if count == len(table) and not check:
        path.unlink()
    elif count and not check:
        with atomic_write(path) as part:
            write_parquet(part, table.filter(pc.invert(theirs)), compression="zstd")
    return count
