"""Erases customers from an event store: from every bucket of every generation, and from the files beside the arrays."""

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.atomic_file import atomic_write
from features.erasure.file_erasure import erase_from_csv, without_ids
from features.erasure.id_patterns import IdPattern
from features.erasure.suppression import Suppression, end_erasure, read_suppression, suppress
from features.store.event_store import read_manifest
from features.store.generations import generations, locked, remove_unfinished
from features.store.rewriting import Removal, RewrittenGeneration, rewrite_generation
from features.store.text_files import read_ids


def erase_from_store(
    path: str | Path, customer_ids: Iterable[str], key_file: str | Path | None = None
) -> list[RewrittenGeneration]:
    """Erase customers from all generations of a store, and keep them from coming back.

    Those whose erasure was begun before and has not ended leave too.

    Parameters
    ----------
    path : str or Path
        The folder of a store.
    customer_ids : iterable of str
        None where an erasure that was begun is to be ended.
    key_file : str or Path, optional
        Where the key of the suppression list is kept, see `suppress`.

    Returns
    -------
    list of RewrittenGeneration
        Those that had anything of these customers, the latest first.

    Raises
    ------
    StoreError
        When there is no store, another process is writing to it, or the suppression list cannot be read.
    OSError
        When the disk is full; the generation stays as it was.
    """
    path = Path(path)
    read_manifest(path)  # so that no folder is made where there is no store
    customer_ids = list(customer_ids)
    with locked(path):
        remove_unfinished(path)
        listed = suppress(path, IdPattern(customer_ids).ids, key_file) if customer_ids else read_suppression(path)
        leaving = [*customer_ids, *_unfinished(path, listed)]
        removed = []
        if leaving:
            pattern = IdPattern(leaving)
            removed = [
                rewrite_generation(path, each, _removal(each, pattern, listed.digest)) for each in generations(path)
            ]
        end_erasure(path)
    return [each for each in removed if each is not None]


def unfinished_erasures(path: str | Path, others: Iterable[str] = ()) -> list[str]:
    """Return the customers of a store's generations, and of some others, whose erasure has not ended, sorted.

    Raises StoreError when the suppression list cannot be read.
    """
    return _unfinished(Path(path), read_suppression(path), others)


def _unfinished(path: Path, listed: Suppression, others: Iterable[str] = ()) -> list[str]:
    pending = Suppression(listed.key, listed.pending)
    if not pending:
        return []
    names = {name for name in others if pending.has(name)}
    for manifest in generations(path):
        for bucket in manifest.get("buckets", ({"folder": "."},)):
            ids = read_ids(path / manifest["folder"] / bucket["folder"])
            names.update(ids.filter(pa.array(pending.rows(ids))).to_pylist())
    return sorted(names)


def _removal(manifest: Mapping[str, Any], pattern: IdPattern, listed: str) -> Removal:
    id_columns = {"customer_id"}
    for record in manifest.get("sources", ()):
        id_columns.add(record.get("columns", {}).get("customer_id", "customer_id"))

    def kept(ids: pa.StringArray, counts: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.bool_]:
        rows: NDArray[np.bool_] = np.repeat(~pc.is_in(ids, pattern.array).to_numpy(zero_copy_only=False), counts)
        return rows

    return Removal(
        kept,
        lambda file: _erase_from_file(file, pattern, id_columns),
        lambda sources: without_ids(sources, pattern),  # a file may be named after a customer
        listed,
    )


def _erase_from_file(file: Path, pattern: IdPattern, id_columns: Collection[str]) -> bool:
    if file.suffix == ".csv":
        return bool(erase_from_csv(file, pattern, id_columns))
    if file.suffix != ".json":
        return False
    before = json.loads(file.read_text(encoding="utf-8"))
    after = without_ids(before, pattern)
    if after != before:
        with atomic_write(file) as part:
            part.write_text(json.dumps(after, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return bool(after != before)
