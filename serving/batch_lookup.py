"""Looks up the latest batch scores of single customers in the file or folder that `regulars score` wrote."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from features.as_of import AsOf
from features.encryption.parquet_files import read_parquet
from features.errors import BatchScoresError, TableFileError
from features.partitions.folder import CONTENT_FILE, content_of, date_folder
from features.store.bucket_numbers import bucket_numbers

FACTS = b"regulars"
"""Key of the file's metadata with the cutoff, horizon and versions of the scores, as JSON."""


@dataclass(frozen=True)
class BatchLookup:
    """Rows of the known customers as stored, the unknown ids, and the metadata of cutoff and versions.

    The rows of a file are in order of their ids; those of a folder in order of buckets, and of ids within each.
    """

    rows: list[dict[str, Any]]
    unknown: list[str]
    facts: dict[str, Any]

    @classmethod
    def of_rows(cls, rows: list[dict[str, Any]], customer_ids: Iterable[str], facts: dict[str, Any]) -> "BatchLookup":
        """Return the look-up of some customers, of whom those without a row are unknown."""
        known = {row["customer_id"] for row in rows}
        unknown = [customer_id for customer_id in dict.fromkeys(customer_ids) if customer_id not in known]
        return cls(rows, unknown, facts)


Lookup = Callable[[Sequence[str]], BatchLookup]
"""Returns the batch scores of some customers; raises BatchScoresError when they cannot be read."""


def lookup_batch_scores(path: str | Path, customer_ids: Sequence[str]) -> BatchLookup:
    """Return the batch scores of some customers.

    Of Parquet only the row groups that may have the ids are read, so a file of a million customers answers in
    milliseconds; of a folder only the buckets of the ids, at the latest cutoff; of Arrow all ids are compared. If the
    scores are replaced meanwhile, all rows are from the old ones or all from the new. CSV and XLSX have no place for
    cutoff and versions, which an answer names.

    Parameters
    ----------
    path : str or Path
        A file of `serving.batch.write_scores`, Parquet or Arrow, or a folder of
        `serving.batch_parts.write_score_parts`.
    customer_ids : sequence of str
        In any order, repeated or not.

    Raises
    ------
    BatchScoresError
        When they cannot be read, or it holds something else.
    """
    path = Path(path)
    try:
        table = _rows_of_folder(path, customer_ids) if path.is_dir() else _rows(path, _is_in(customer_ids))
    except FileNotFoundError:
        raise BatchScoresError(f"no batch scores at {path}: write them with `regulars score`") from None
    except (pa.ArrowException, OSError, TableFileError) as error:
        raise BatchScoresError(f"{path} cannot be read as batch scores: {error}") from None
    facts = (table.schema.metadata or {}).get(FACTS)
    if facts is None:
        raise BatchScoresError(f"{path} holds no batch scores: write them with `regulars score`")
    return BatchLookup.of_rows(table.to_pylist(), customer_ids, json.loads(facts))


def _is_in(customer_ids: Iterable[str]) -> pc.Expression:
    return pc.field("customer_id").isin(pa.array(set(customer_ids), pa.string()))


def _rows_of_folder(folder: Path, customer_ids: Sequence[str]) -> pa.Table:
    """Return rows of a folder of parts, all of one run: what is read while another takes its place is read again."""
    while True:
        before = _run_of(folder)
        try:
            table = _rows_of_parts(folder, customer_ids)
        except FileNotFoundError:
            if _run_of(folder) == before:
                raise
            continue
        if _run_of(folder) == before:
            return table


def _run_of(folder: Path) -> tuple[int, int]:
    """Return what tells the runs that wrote the folder apart."""
    try:
        found = (folder / CONTENT_FILE).stat()
    except FileNotFoundError:
        raise BatchScoresError(f"{folder} holds no batch scores: write them with `regulars score`") from None
    return found.st_ino, found.st_mtime_ns


def _rows_of_parts(folder: Path, customer_ids: Sequence[str]) -> pa.Table:
    content = content_of(folder)
    if content.get("verb") != "score":
        raise BatchScoresError(f"{folder} holds no batch scores: write them with `regulars score`")
    zone = content["timezone"]
    latest = date_folder(folder, max(content["as_of"], key=lambda as_of: AsOf.parse(as_of, zone).time))
    ids = list(dict.fromkeys(customer_ids))
    numbers = bucket_numbers(pa.array(ids, pa.string()), content["buckets"]).tolist()
    wanted: dict[int, list[str]] = {}
    for customer_id, bucket in zip(ids, numbers, strict=True):
        wanted.setdefault(bucket, []).append(customer_id)
    tables = [
        _rows(part, _is_in(of_bucket))
        for bucket, of_bucket in (wanted or {0: []}).items()
        for part in sorted((latest / f"bucket={bucket:03d}").iterdir())
    ]
    return pa.concat_tables(tables)


def _rows(path: Path, wanted: pc.Expression) -> pa.Table:
    ending = path.suffix.lower()
    if ending in (".csv", ".xlsx"):
        raise BatchScoresError(
            f"{path} has no place for the cutoff and versions of batch scores: write them to a .parquet or .arrow file"
        )
    if ending == ".arrow":
        with pa.memory_map(str(path)) as source, ipc.open_file(source) as file:
            return file.read_all().filter(wanted)
    with pa.OSFile(str(path)) as file:
        return read_parquet(file, filters=wanted)
