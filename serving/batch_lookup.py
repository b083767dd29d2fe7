"""The last batch scores of single customers, looked up in the file that `regulars score` wrote."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.errors import BatchScoresError

FACTS = b"regulars"
"""The key of the file's metadata under which stands what the scores are of, as JSON."""


@dataclass(frozen=True)
class LastScores:
    """Rows of the customers found, as the file has them, in order of their ids; the ids not in it; the file's facts."""

    rows: list[dict[str, Any]]
    unknown: list[str]
    facts: dict[str, Any]


def last_scores(path: str | Path, customer_ids: Sequence[str]) -> LastScores:
    """Return the batch scores of these customers: the columns of `serving.batch.write_scores`, null where none.

    Only the parts of the file that the ids can be in are read, so a base of a million answers in milliseconds; a file
    replaced meanwhile is read whole, old or new. Raises BatchScoresError for any other file.
    """
    try:
        with pq.ParquetFile(path) as file:
            facts = (file.schema_arrow.metadata or {}).get(FACTS)
            if facts is None:
                raise BatchScoresError(f"{path} holds no batch scores: write them with `regulars score`")
            wanted = pa.array(sorted(set(customer_ids)), pa.string())
            groups = [group for group in range(file.num_row_groups) if _may_hold(file, group, wanted)]
            table = file.read_row_groups(groups)
    except FileNotFoundError:
        raise BatchScoresError(f"no batch scores at {path}: write them with `regulars score`") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise BatchScoresError(f"{path} cannot be read as batch scores: {error}") from None
    found = table.filter(pc.is_in(table["customer_id"], wanted))
    known = set(found["customer_id"].to_pylist())
    unknown = [each for each in dict.fromkeys(customer_ids) if each not in known]
    return LastScores(found.to_pylist(), unknown, json.loads(facts))


def _may_hold(file: pq.ParquetFile, group: int, wanted: pa.StringArray) -> bool:
    """Return whether an id can be in the row group, by the first and last id that the file says of it."""
    held = file.metadata.row_group(group).column(0).statistics
    if held is None or not held.has_min_max:
        return True
    return bool(pc.any(pc.and_(pc.greater_equal(wanted, held.min), pc.less_equal(wanted, held.max))).as_py())
