"""Looks up the latest batch scores of single customers in the file that `regulars score` wrote."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import ipc

from features.errors import BatchScoresError

FACTS = b"regulars"
"""Key of the file's metadata with the cutoff, horizon and versions of the scores, as JSON."""


@dataclass(frozen=True)
class BatchLookup:
    """Rows of the known customers in order of their ids, as in the file; the unknown ids; the file's metadata."""

    rows: list[dict[str, Any]]
    unknown: list[str]
    facts: dict[str, Any]


def lookup_batch_scores(path: str | Path, customer_ids: Sequence[str]) -> BatchLookup:
    """Return the batch scores of some customers.

    Of Parquet only the row groups that may have the ids are read, so a file of a million customers answers in
    milliseconds; of Arrow all ids are compared. If the file is replaced meanwhile, all rows are from the old file or
    all from the new. CSV and XLSX have no place for cutoff and versions, which an answer names.

    Parameters
    ----------
    path : str or Path
        A file of `serving.batch.write_scores`, Parquet or Arrow.
    customer_ids : sequence of str
        In any order, repeated or not.

    Raises
    ------
    BatchScoresError
        When the file cannot be read, or holds something else.
    """
    try:
        table = _rows(Path(path), pc.field("customer_id").isin(pa.array(set(customer_ids), pa.string())))
    except FileNotFoundError:
        raise BatchScoresError(f"no batch scores at {path}: write them with `regulars score`") from None
    except (pa.ArrowException, OSError) as error:
        raise BatchScoresError(f"{path} cannot be read as batch scores: {error}") from None
    facts = (table.schema.metadata or {}).get(FACTS)
    if facts is None:
        raise BatchScoresError(f"{path} holds no batch scores: write them with `regulars score`")
    rows = table.to_pylist()
    known = {row["customer_id"] for row in rows}
    unknown = [customer_id for customer_id in dict.fromkeys(customer_ids) if customer_id not in known]
    return BatchLookup(rows, unknown, json.loads(facts))


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
        return pq.read_table(file, filters=wanted)
