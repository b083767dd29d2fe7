"""Erases customers from an event store: from every bucket of every generation, and from the files beside the arrays.

Each generation is written anew without them into a folder of its own, then takes the place of the old one, which is
removed. A kill at any moment leaves the old folder or the new one as that generation, and the next erasure goes on.
"""

import hashlib
import json
import shutil
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.atomic_file import atomic_write, fsync_path
from features.erasure.file_erasure import erase_from_csv, without_ids
from features.erasure.id_patterns import IdPattern
from features.erasure.suppression import suppress
from features.schema import VISIT_CONTENTS
from features.store.bucket_files import COLUMN_LISTS, facts_of_buckets, joint_facts, link_arrays, write_customers
from features.store.column_writer import column_facts, write_array, write_ids
from features.store.event_store import BUCKETS_FILE, read_ids, read_manifest, read_texts, text_file
from features.store.generations import (
    MANIFEST,
    generation_number,
    generations,
    locked,
    remove_unfinished,
    replace_generation,
)
from features.store.layout import TEXT_DTYPES

ERASED_TEXT = "erased-"
"""The beginning of a text that stands in the list of texts for one that no event has any more."""


@dataclass(frozen=True)
class ErasedGeneration:
    """A generation that was written anew.

    Attributes
    ----------
    number : int
    events, customers : int
        How many of them it lost.
    files : tuple of str
        Files beside the arrays that named the customers.
    """

    number: int
    events: int
    customers: int
    files: tuple[str, ...]


def erase_from_store(
    path: str | Path, customer_ids: Iterable[str], key_file: str | Path | None = None
) -> list[ErasedGeneration]:
    """Erase customers from all generations of a store, and keep them from coming back.

    Parameters
    ----------
    path : str or Path
        The folder of a store.
    customer_ids : iterable of str
    key_file : str or Path, optional
        Where the key of the suppression list is kept, see `suppress`.

    Returns
    -------
    list of ErasedGeneration
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
    pattern = IdPattern(customer_ids)
    with locked(path):
        remove_unfinished(path)
        listed = suppress(path, pattern.ids, key_file).digest
        erased = []
        for manifest in generations(path):
            result = _erase_generation(path, manifest, pattern, listed)
            if result:
                erased.append(result)
        return erased


def _erase_generation(
    path: Path, manifest: Mapping[str, Any], pattern: IdPattern, listed: str
) -> ErasedGeneration | None:
    """Write a generation anew if it has anything of the customers; return what it lost."""
    source = path / manifest["folder"]
    target = path / f"events-{uuid.uuid4().hex[:12]}"
    target.mkdir()
    try:
        facts, texts = _write_arrays(source, target, manifest, pattern)
        files = _write_others(source, target, manifest, pattern)
        lost = manifest["events"] - facts["events"], manifest["customers"] - facts["customers"]
        new = {**manifest, **facts}
        if "sources" in manifest:  # a file may be named after a customer
            new["sources"] = without_ids(manifest["sources"], pattern)
        if not any(lost) and not files and not texts and new == dict(manifest):
            shutil.rmtree(target)
            return None
        digest = hashlib.sha256(f"{manifest['digest']}|{listed}".encode()).hexdigest()
        new |= {"folder": target.name, "digest": digest}
        for file in [*sorted(target.rglob("*")), target]:
            fsync_path(file)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    replace_generation(path, manifest, new)
    return ErasedGeneration(generation_number(manifest), *lost, tuple(files))


def _write_arrays(
    source: Path, target: Path, manifest: Mapping[str, Any], pattern: IdPattern
) -> tuple[dict[str, Any], bool]:
    """Write the arrays of the others; return what the manifest has of them, and whether a list of texts changed."""
    folders = [each["folder"] for each in manifest["buckets"]] if "buckets" in manifest else ["."]
    of_buckets = []
    for name, facts in zip(folders, facts_of_buckets(manifest), strict=True):
        (target / name).mkdir(exist_ok=True)
        of_buckets.append(_write_bucket(source / name, target / name, facts, pattern))
    facts = joint_facts(of_buckets)
    changed = False
    for name in manifest.get("text_columns", ()):
        changed |= _write_texts(source, target, name, [target / each for each in folders])
    if "buckets" in manifest:
        write_customers(target, [target / name for name in folders])
        facts["buckets"] = [{"folder": name, **each} for name, each in zip(folders, of_buckets, strict=True)]
    return facts, changed


def _write_bucket(source: Path, target: Path, facts: Mapping[str, Any], pattern: IdPattern) -> dict[str, Any]:
    ids = read_ids(source)
    stays = ~pc.is_in(ids, pattern.array).to_numpy(zero_copy_only=False)
    if stays.all():
        link_arrays(source, target, facts)
        return dict(facts)
    counts = np.diff(np.load(source / "offsets.npy"))
    rows = np.repeat(stays, counts)
    columns: dict[str, NDArray[Any]] = {}
    for name in [name for key in COLUMN_LISTS for name in facts.get(key, ())]:
        columns[name] = np.load(source / f"{name}.npy", mmap_mode="r")[rows]
        write_array(target / f"{name}.npy", columns[name])
    write_array(target / "offsets.npy", np.concatenate([[0], np.cumsum(counts[stays])]).astype(np.int64))
    write_ids(target / "customers.arrow", ids.filter(pa.array(stays)))
    return {**dict(facts), **column_facts(columns, int(stays.sum()))}


def _write_texts(source: Path, target: Path, name: str, folders: list[Path]) -> bool:
    """Write the texts of a column; those that no event has any more become others, so that the codes can stay."""
    texts = read_texts(source, name)
    used = np.zeros(len(texts), bool)
    for folder in folders:
        if (folder / f"{name}.npy").exists():
            codes = np.unique(np.load(folder / f"{name}.npy", mmap_mode="r"))
            used[codes[codes >= 0]] = True
    used[: len(VISIT_CONTENTS) if name == "content" else 0] = True
    values = texts.to_pylist()
    gone = [at for at in np.flatnonzero(~used) if not values[at].startswith(ERASED_TEXT)]
    for at in gone:
        values[at] = f"{ERASED_TEXT}{uuid.uuid4().hex}"
    table = pa.table({name: pa.array(values, pa.string())})
    with pa.OSFile(str(text_file(target, name)), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bool(gone)


def _write_others(source: Path, target: Path, manifest: Mapping[str, Any], pattern: IdPattern) -> list[str]:
    """Write the files beside the arrays without the customers; return the names of those that named them."""
    names = {f"{name}_texts.arrow" for name in TEXT_DTYPES} | {MANIFEST, BUCKETS_FILE}
    id_columns = {"customer_id"}
    for record in manifest.get("sources", ()):
        id_columns.add(record.get("columns", {}).get("customer_id", "customer_id"))
    changed = []
    for file in sorted(path for path in source.rglob("*") if path.is_file()):
        name = file.relative_to(source).as_posix()
        if file.name in names or (target / name).exists():
            continue
        shutil.copyfile(file, target / name)
        if file.suffix == ".csv":
            if erase_from_csv(target / name, pattern, id_columns):
                changed.append(name)
        elif file.suffix == ".json":
            before = json.loads(file.read_text(encoding="utf-8"))
            if (after := without_ids(before, pattern)) != before:
                with atomic_write(target / name) as part:
                    part.write_text(json.dumps(after, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
                changed.append(name)
    return changed
