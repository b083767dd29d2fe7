"""Forecast logs for tests: rows by number, written and read again."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.key_files import HASH_BYTES
from serving.forecast_log.log_files import SCHEMA, day_files, day_folders, write_log_file


def log_files(folder: Path) -> list[Path]:
    """Return the files of a log that have each row once."""
    return [file for day in day_folders(folder) for file in day_files(day)]


def numbered(folder: Path, day: int, numbers: range, schema: pa.Schema = SCHEMA) -> list[Path]:
    """Write a file a number, with one row, on a day of November 2026."""
    at = datetime(2026, 11, day, 9, 30, tzinfo=UTC)
    row = dict.fromkeys(SCHEMA.names) | {"pseudonym": bytes(HASH_BYTES), "key_id": "2026Q4", "asked_at": at}
    row |= {"as_of": at, "formula_version": "2", "role": "champion", "route": "/score"}
    tables = [pa.Table.from_pylist([row | {"horizon_days": number}], schema) for number in numbers]
    return [write_log_file(folder, table, at, 7) for table in tables]


def rows_of(folder: Path) -> list[int]:
    """Return the numbers of a log, sorted."""
    return sorted(int(row) for path in log_files(folder) for row in pq.read_table(path)["horizon_days"].to_pylist())


def damage(file: Path) -> None:
    """Change bytes of a file's rows, not of its footer."""
    content = bytearray(file.read_bytes())
    content[4:200] = bytes(196)
    file.write_bytes(content)
