"""The files of a forecast log: small Parquet files in a folder a day, bounded by days and bytes.

    FOLDER/2026-11-27/093012-4711-5f0c93ab7d21.parquet

A file appears whole; the oldest days go first.
"""

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from features.atomic_file import atomic_write
from features.definitions import FEATURE_NAMES
from features.encryption.parquet_files import write_parquet
from features.key_files import HASH_BYTES

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
    """Yield the files of a log, the earliest first."""
    yield from sorted(folder.glob("????-??-??/*.parquet"))


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
