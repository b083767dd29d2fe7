"""The files of a forecast log: small Parquet files in a folder a day, bounded by days and bytes.

    FOLDER/2026-11-27/093012-4711-5f0c93ab7d21.parquet
    FOLDER/2026-11-26/merged-77d0b3a1c95e.parquet

A file appears whole; the oldest days go first. Small files are merged (`merging`): the merged one names those that it
replaces, and until they are gone `day_files` leaves them out. Who removes or merges files of a day holds its lock.
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
from features.encryption.parquet_files import read_parquet_schema, write_parquet
from features.error_lines import first_line
from features.errors import ForecastLogError
from features.key_files import HASH_BYTES
from features.scratch_folders import RANDOM, lock_folder, remove_leftovers

MERGED = "merged-"
REPLACED = b"replaced"
"""The beginning of a merged file's name, and the key of the names that it replaces in the metadata of its schema."""
SCRATCH = ".part"
"""The end of the scratch folders of `atomic_write`."""
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


def day_folders(folder: Path) -> list[Path]:
    """Return the folders of a log's days, the earliest first; what only looks like one is left out."""
    return [day for day in sorted(folder.glob("????-??-??")) if _is_date(day.name) and day.is_dir()]


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


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
        with damage_named(merged):
            metadata = read_parquet_schema(merged).metadata or {}
            return list(map(str, json.loads(metadata.get(REPLACED, b"[]"))))
    except FileNotFoundError:  # an erasure removed it, and before it what it replaces
        return []


@contextmanager
def damage_named(file: Path) -> Iterator[None]:
    """Raise ForecastLogError with the name of a file that the block cannot read since it is damaged or none of a log.

    What the system says of the disk, an OSError with a number, stays as it is.
    """
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ForecastLogError(
            f"{file} is no piece of a forecast log ({first_line(error)}): put a copy of it back, or remove it"
        ) from None


@contextmanager
def locked_day(day: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold a day in the block: nobody else merges its files, erases from them or removes it.

    Waits for whoever does, or without `wait` raises BlockingIOError.

    Yields
    ------
    bool
        Whether the day is held: not when it is gone, nor on a drive without locks, so that nobody merges there.
    """
    lock: int | None = None
    while lock is None:
        try:
            lock = lock_folder(day)
        except BlockingIOError:
            if not wait:
                raise
            time.sleep(0.05)
        except OSError:
            break
    try:
        yield lock is not None
    finally:
        if lock is not None:
            os.close(lock)


def remove_unfinished(day: Path) -> None:
    """Remove what a kill left: files that were merged, and rows in scratch folders; the day is to be locked."""
    for prefix in {folder.name[: -len(RANDOM + SCRATCH)] for folder in day.glob(f".*.parquet.{RANDOM}{SCRATCH}")}:
        remove_leftovers(day, prefix, SCRATCH)
    files = sorted(day.glob("*.parquet"))
    replaced = _replaced(files)
    for file in files:
        if file.name in replaced:
            file.unlink(missing_ok=True)


def remove_day(day: Path, *, wait: bool = True) -> bool:
    """Remove a day, so that no merge or erasure brings it back; return False when another has it and `wait` is not set.

    Raises OSError when a file cannot be removed.
    """
    try:
        with locked_day(day, wait=wait):
            shutil.rmtree(day)
    except BlockingIOError:
        return False
    except FileNotFoundError:  # another removes it too
        return not day.exists()
    return True


def old_days(folder: Path, days: int, today: date) -> list[Path]:
    """Return the folders of days that are too old, the earliest first, where `days` stay, `today` among them."""
    return [day for day in day_folders(folder) if (today - date.fromisoformat(day.name)).days >= days]


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
    for day in day_folders(folder):
        try:
            with os.scandir(day) as files:  # a log has 8,640 a day and worker
                sizes[day] = sum(file.stat().st_size for file in files if file.name.endswith(".parquet"))
        except FileNotFoundError:  # removed by another worker
            continue
    removed, old = 0, old_days(folder, days, today)
    for each in sorted(sizes):
        if each in old or (each.name < str(today) and sum(sizes.values()) > size):
            with suppress(OSError):
                removed += remove_day(each, wait=False)  # one that is held goes the next time
            del sizes[each]
    return removed
