"""The files of a forecast log: small Parquet files in a folder a day, bounded by days and bytes.

    FOLDER/2026-11-27/093012-4711-5f0c93ab7d21.parquet

A file appears whole; the oldest days go first.
"""

import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from features.atomic_file import atomic_write
from features.definitions import FEATURE_NAMES
from features.encryption.parquet_files import read_parquet, read_parquet_schema, write_parquet
from features.error_lines import first_line
from features.errors import ForecastLogError, RegularsError
from features.key_files import HASH_BYTES
from features.scratch_folders import lock_folder

MERGED = "merged-"
REPLACED = b"replaced"
"""The beginning of a merged file's name, and the key of the names that it replaces in the metadata of its schema."""
MERGED_FILES, MERGED_ROWS = 500, 100_000
"""How many files become one, and the rows at which it has enough."""
SCHEMA = pa.schema(
    [
        pa.field("pseudonym", pa.binary(HASH_BYTES), nullable=False),
        pa.field("key_id", pa.string(), nullable=False),
        pa.field("asked_at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("as_of", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("horizon_days", pa.int32(), nullable=False),
        pa.field("expected_purchases", pa.float64()),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("churn_probability", pa.float64()),
        pa.field("expected_spend", pa.float64()),
        pa.field("expected_purchases_7", pa.float64()),
        pa.field("churn_probability_7", pa.float64()),
        pa.field("model_version", pa.string()),
        pa.field("model_digest", pa.string()),
        pa.field("formula_version", pa.string(), nullable=False),
        pa.field("role", pa.string(), nullable=False),
        pa.field("route", pa.string(), nullable=False),
        pa.field("features", pa.list_(pa.float64())),
    ],
    {"features": json.dumps(FEATURE_NAMES)},
)
"""The columns of a file, one row a customer of an answer. Forecasts are null where there was none; those of 7 days are
what `regulars monitor` compares first. `features` has those of a sample of customers, null for the others; the names of
its values are metadata of the schema, under the same name."""


def write_log_file(folder: Path, table: pa.Table, now: datetime, worker: int) -> Path:
    """Write rows as a file of a day; raises OSError when the disk is full.

    Parameters
    ----------
    folder : Path
        The log.
    table : pyarrow.Table
        With the columns of `SCHEMA`.
    now : datetime
        In UTC.
    worker : int
        The number of the process.
    """
    path = folder / f"{now:%Y-%m-%d}" / f"{now:%H%M%S}-{worker}-{uuid.uuid4().hex[:12]}.parquet"
    with atomic_write(path) as part:
        write_parquet(part, table, compression="zstd")
    return path


def log_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a log, the earliest first, as `day_files` does."""
    for day in sorted(folder.glob("????-??-??")):
        yield from day_files(day)


def day_files(day: Path) -> list[Path]:
    """Return the files of a day that have each row once, in order of their names.

    A merged file names those that it replaces: what is still there of these is left out. Where one of them is gone when
    it is read, it has been merged since: list and read the day again.

    Raises ForecastLogError for a merged file that is damaged: nobody knows what it replaces.
    """
    files, again = None, sorted(day.glob("*.parquet"))
    while files != again:  # a listing may miss a file that came while it was made
        files, again = again, sorted(day.glob("*.parquet"))
    replaced = _replaced(files)
    return [file for file in files if file.name not in replaced]


def _replaced(files: list[Path]) -> set[str]:
    """Return the names that the merged ones among the files of a day replace."""
    merged = [file for file in files if file.name.startswith(MERGED)]
    if len(merged) == len(files):
        return set()
    return {name for file in merged for name in _names_replaced(file)}


def _names_replaced(merged: Path) -> list[str]:
    try:
        metadata = read_parquet_schema(merged).metadata or {}
        return list(map(str, json.loads(metadata.get(REPLACED, b"[]"))))
    except FileNotFoundError:  # an erasure removed it, and before it what it replaces
        return []
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise ForecastLogError(
            f"{merged} is no piece of a forecast log ({first_line(error)}): put a copy of it back, or remove it"
        ) from None


@contextmanager
def locked_day(day: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a day in the block: nobody else merges its files or erases from them.

    Waits for whoever does, or without `wait` raises BlockingIOError. On a drive without locks nobody merges, so that
    whoever would wait goes on, and without `wait` it raises OSError.
    """
    lock: int | None = None
    while lock is None:
        try:
            lock = lock_folder(day)
        except BlockingIOError:
            if not wait:
                raise
            time.sleep(0.05)
        except FileNotFoundError:
            raise
        except OSError:
            if not wait:
                raise
            break
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def remove_replaced(day: Path) -> None:
    """Remove the files that were merged, where a kill left some; the day is to be locked."""
    files = sorted(day.glob("*.parquet"))
    replaced = _replaced(files)
    for file in files:
        if file.name in replaced:
            file.unlink()


def merge_small(folder: Path, today: date) -> int:
    """Merge `MERGED_FILES` small files of a day into one where there are so many, of a day that is over all.

    The merged file appears in one step with the names of those that it replaces, which go then: readers that use
    `day_files`, and a kill at any moment, have each row once. One batch is merged, so that it takes a moment.

    Parameters
    ----------
    folder : Path
        The log.
    today : date
        In UTC.

    Returns
    -------
    int
        How many files were merged.
    """
    for day in sorted(folder.glob("????-??-??")):
        least = MERGED_FILES if day.name >= str(today) else 2
        if sum(not file.name.startswith(MERGED) for file in day.glob("*.parquet")) < least:
            continue
        with suppress(OSError, pa.ArrowException, RegularsError), locked_day(day, wait=False):  # they stay as they are
            remove_replaced(day)
            if merged := _merge_batch(day):
                return merged
    return 0


def _merge_batch(day: Path) -> int:
    small = [file for file in day_files(day) if not file.name.startswith(MERGED)][:MERGED_FILES]
    tables: list[pa.Table] = []
    while len(tables) < len(small) and sum(map(len, tables)) < MERGED_ROWS:
        tables.append(read_parquet(small[len(tables)]))
    merged = small[: len(tables)]
    if len(merged) < 2 or not all(each.schema.equals(tables[0].schema, check_metadata=True) for each in tables):
        return 0
    table = pa.concat_tables(tables)
    names = json.dumps([file.name for file in merged])
    with atomic_write(day / f"{MERGED}{uuid.uuid4().hex[:12]}.parquet") as part:
        whole = table.replace_schema_metadata({**(table.schema.metadata or {}), REPLACED: names})
        write_parquet(part, whole, compression="zstd")
    for file in merged:
        file.unlink()
    return len(merged)


def old_days(folder: Path, days: int, today: date) -> list[Path]:
    """Return the folders of days that are too old, the earliest first, where `days` stay, `today` among them."""
    old = []
    for each in sorted(folder.glob("????-??-??")):
        with suppress(ValueError):  # a folder of somebody else
            if (today - date.fromisoformat(each.name)).days >= days:
                old.append(each)
    return old


def keep_within(folder: Path, days: int, size: int, today: date) -> int:
    """Remove days that are too old, then the oldest while all are too large; return how many were removed.

    Parameters
    ----------
    folder : Path
        The log.
    days : int
        How many days stay, today among them.
    size : int
        Bytes. Today stays whatever it has.
    today : date
        In UTC.
    """
    sizes: dict[Path, int] = {}
    for day in folder.glob("????-??-??"):
        try:
            with os.scandir(day) as files:  # a log has 8,640 a day and worker
                sizes[day] = sum(file.stat().st_size for file in files if file.name.endswith(".parquet"))
        except (FileNotFoundError, NotADirectoryError):  # removed by another worker, or no folder
            continue
    removed, old = 0, old_days(folder, days, today)
    for each in sorted(sizes):
        if each in old or (each.name < str(today) and sum(sizes.values()) > size):
            shutil.rmtree(each, ignore_errors=True)
            del sizes[each]
            removed += 1
    return removed
