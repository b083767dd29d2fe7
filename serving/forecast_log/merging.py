"""Merges the small files of a forecast log: a worker writes up to 8,640 a day, and a reader takes each a while."""

import json
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import pyarrow as pa

from features.atomic_file import atomic_write
from features.encryption.parquet_files import read_parquet, write_parquet
from features.errors import RegularsError
from serving.forecast_log.log_files import (
    MERGED,
    REPLACED,
    SCRATCH,
    damage_named,
    day_files,
    day_folders,
    locked_day,
    remove_unfinished,
)

MERGED_FILES, MERGED_ROWS = 500, 100_000
"""How many files become one, and the rows at which it has enough."""


def merge_small(folder: Path, today: date, left_out: set[Path]) -> int:
    """Merge `MERGED_FILES` small files of a day into one where there are so many, of a day that is over all.

    The merged file appears in one step with the names of those that it replaces, which go then: readers that use
    `day_files`, and a kill at any moment, have each row once. One batch is merged, so that it takes a moment, of the
    latest day that has one: the earliest are the next to be removed. Files of different schemas stay apart. What a kill
    left on a day is removed.

    Parameters
    ----------
    folder : Path
        The log.
    today : date
        In UTC.
    left_out : set of Path
        Files that cannot be read or that no other one goes with, and days that cannot be listed: nothing is tried with
        them, and new ones are added.

    Returns
    -------
    int
        How many files were merged.
    """
    for day in reversed(day_folders(folder)):
        least = MERGED_FILES if day.name >= str(today) else 2
        if day in left_out or not _has_work(day, least, left_out):
            continue
        with suppress(OSError), locked_day(day, wait=False) as held:  # they stay as they are
            if not held:
                continue
            try:
                remove_unfinished(day)
                small = [file for file in day_files(day) if _is_small(file.name) and file not in left_out]
            except RegularsError:  # the monitor names the file
                left_out.add(day)
                continue
            merged = _merge_batch(day, small[:MERGED_FILES], left_out) if len(small) >= least else 0
            if merged:
                return merged
    return 0


def _is_small(name: str) -> bool:
    return name.endswith(".parquet") and not name.startswith(MERGED)


def _has_work(day: Path, least: int, left_out: set[Path]) -> bool:
    try:
        names = [path.name for path in day.iterdir()]
    except FileNotFoundError:  # another worker removed it
        return False
    small = sum(_is_small(name) and day / name not in left_out for name in names)
    return small >= least or any(name.endswith(SCRATCH) for name in names)


def _merge_batch(day: Path, small: Sequence[Path], left_out: set[Path]) -> int:
    """Merge those of some files that have a schema in common; what cannot be read or is alone is left out."""
    groups: list[dict[Path, pa.Table]] = []
    rows = 0
    for file in small:
        try:
            with damage_named(file):
                table = read_parquet(file)
        except (RegularsError, OSError):
            left_out.add(file)
            continue
        group = next((each for each in groups if _schema_of(each).equals(table.schema, check_metadata=True)), None)
        if group is None:
            groups.append(group := {})
        group[file] = table
        rows += len(table)
        if rows >= MERGED_ROWS:
            break
    left_out.update(file for group in groups if len(group) == 1 for file in group)
    return sum(_merge_tables(day, group) for group in groups if len(group) > 1)


def _schema_of(group: dict[Path, pa.Table]) -> pa.Schema:
    return next(iter(group.values())).schema


def _merge_tables(day: Path, tables: dict[Path, pa.Table]) -> int:
    if not all(file.exists() for file in tables):  # somebody removes the day, and is not to find it again
        return 0
    table = pa.concat_tables(tables.values())
    names = json.dumps([file.name for file in tables])
    with atomic_write(day / f"{MERGED}{uuid.uuid4().hex[:12]}.parquet") as part:
        whole = table.replace_schema_metadata({**(table.schema.metadata or {}), REPLACED: names})
        write_parquet(part, whole, compression="zstd")
    for file in tables:
        file.unlink()
    return len(tables)
