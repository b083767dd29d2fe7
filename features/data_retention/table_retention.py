"""Finds files of old cutoffs among tables and pages that were made of a store."""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
from pyarrow import ipc

from features.encryption.parquet_files import read_parquet_schema
from features.erasure.file_erasure import PAGES
from features.erasure.id_search import files_in

TABLES = (".parquet", ".arrow", ".stream", ".csv", ".xlsx")
OF_FOLDER = re.compile(r"as_of=(\d{4}-\d{2}-\d{2})")


def old_files(places: Iterable[Path], earliest: date, skipped: Iterable[Path] = ()) -> Iterator[Path]:
    """Yield the tables and pages whose cutoff lies before a date; other files are left alone.

    Parameters
    ----------
    places : iterable of Path
        Files, and folders with files anywhere below.
    earliest : datetime.date
    skipped : iterable of Path
        Folders that are left alone.
    """
    folders = [each.resolve() for each in skipped]
    for file in files_in(places):
        if file.suffix.lower() not in (*TABLES, *PAGES):
            continue
        place = file.resolve()
        if not any(place.is_relative_to(each) for each in folders) and date_of(file) < earliest:
            yield file


def date_of(file: Path) -> date:
    """Return the cutoff of a file: that in its metadata, else of a folder like `as_of=2026-11-27`.

    Without either it is the day in UTC on which the file was last changed.
    """
    stated = [date.fromisoformat(each[1]) for part in file.parts if (each := OF_FOLDER.match(part))]
    return _of_metadata(file) or max(stated, default=datetime.fromtimestamp(file.stat().st_mtime, UTC).date())


def _of_metadata(file: Path) -> date | None:
    try:
        if file.suffix.lower() == ".parquet":
            schema = read_parquet_schema(file)
        elif file.suffix.lower() == ".arrow":
            with pa.memory_map(str(file)) as content:
                schema = ipc.open_file(content).schema
        else:
            return None
        facts = [json.loads(value) for value in (schema.metadata or {}).values() if b'"as_of"' in value]
        return max(date.fromisoformat(str(each["as_of"])[:10]) for each in facts) if facts else None
    except (pa.ArrowException, ValueError, OSError, KeyError, TypeError):
        return None  # damaged, or no file of this project: its own time counts
