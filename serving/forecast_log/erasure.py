"""Erases customers from a forecast log: by the pseudonyms that they have under each key that is held."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from features.atomic_file import atomic_write
from features.encryption.parquet_files import read_parquet, write_parquet
from features.errors import StoreError
from features.key_files import HASH_BYTES
from serving.forecast_log.log_files import day_files, locked_day, remove_replaced
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
    StoreError, ForecastLogError
        When a file is damaged, or is none of a log.
    OSError
        When a file or a key cannot be read or written.
    ValueError
        When a file of keys holds no valid key.
    """
    hashed = keys.pseudonyms(customer_ids)
    wanted = pa.array(sorted({value for _, value in hashed}), pa.binary(HASH_BYTES))
    rows = 0
    for day in sorted(folder.glob("????-??-??")):
        if not day.is_dir():
            continue
        with locked_day(day):
            if not check:
                remove_replaced(day)
            rows += sum(_erase_from_file(path, wanted, check) for path in day_files(day))
    return rows


def _erase_from_file(path: Path, wanted: pa.Array, check: bool) -> int:
    try:
        table = read_parquet(path)
    except pa.ArrowException as error:
        raise StoreError(
            f"{path} cannot be read as a piece of the forecast log ({error}): put a copy of it back, or remove it"
        ) from None
    if "pseudonym" not in table.column_names:
        raise StoreError(f"{path} is no piece of a forecast log, it has no column pseudonym: remove it")
    theirs = pc.is_in(table["pseudonym"], wanted)
    count = int(pc.sum(theirs).as_py() or 0)
    if count == len(table) and not check:
        path.unlink()
    elif count and not check:
        with atomic_write(path) as part:
            write_parquet(part, table.filter(pc.invert(theirs)), compression="zstd")
    return count
