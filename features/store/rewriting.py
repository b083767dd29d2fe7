"""Writes a generation of a store anew without some of its events, and puts that in its place in one step.

The new generation is a folder of its own, which then takes the place of the old one. A kill at any moment leaves the
old folder or the new one as that generation, and the next writer ends what was begun.
"""

import hashlib
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.atomic_file import fsync_path
from features.schema import VISIT_CONTENTS
from features.store.bucket_files import COLUMN_LISTS, facts_of_buckets, joint_facts, link_arrays, write_customers
from features.store.column_writer import column_facts, write_array
from features.store.event_store import BUCKETS_FILE
from features.store.generations import MANIFEST, generation_number, replace_generation
from features.store.layout import TEXT_DTYPES
from features.store.text_files import read_ids, read_texts, write_ids, write_texts

ERASED_TEXT = "erased-"
"""The beginning of a text that stands in the list of texts for one that no event has any more."""


@dataclass(frozen=True)
class Removal:
    """What leaves a generation.

    Attributes
    ----------
    kept : callable
        Takes the ids of a bucket's customers, the number of events of each, and the times of the events (microseconds
        since 1970-01-01 UTC), and returns which events stay, shape (events,).
    change_file : callable
        Takes out of a copy of a file beside the arrays what has to leave; returns whether there was any.
    sources : callable
        Returns the manifest's records of the sources as they are to be.
    reason : str
        What is removed, by which the digest of the data changes.
    """

    kept: Callable[[pa.StringArray, NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]]
    change_file: Callable[[Path], bool]
    sources: Callable[[Any], Any]
    reason: str


@dataclass(frozen=True)
class RewrittenGeneration:
    """A generation that was written anew.

    Attributes
    ----------
    number : int
    events, customers : int
        How many of them it lost.
    files : tuple of str
        Files beside the arrays that were changed.
    """

    number: int
    events: int
    customers: int
    files: tuple[str, ...]


def rewrite_generation(path: Path, manifest: Mapping[str, Any], removal: Removal) -> RewrittenGeneration | None:
    """Write a generation anew if it has anything that is to leave; return what it lost.

    Parameters
    ----------
    path : Path
        The folder of the store; the caller holds its lock.
    manifest : mapping of str to Any
        Of the generation.
    removal : Removal

    Raises
    ------
    OSError
        When the disk is full; the generation stays as it was.
    """
    source = path / manifest["folder"]
    target = path / f"events-{uuid.uuid4().hex[:12]}"
    target.mkdir()
    try:
        facts, texts = _write_arrays(source, target, manifest, removal)
        files = _write_others(source, target, removal)
        lost = manifest["events"] - facts["events"], manifest["customers"] - facts["customers"]
        new = {**manifest, **facts}
        if "sources" in manifest:
            new["sources"] = removal.sources(manifest["sources"])
        if not any(lost) and not files and not texts and new == dict(manifest):
            shutil.rmtree(target)
            return None
        digest = hashlib.sha256(f"{manifest['digest']}|{removal.reason}".encode()).hexdigest()
        new |= {"folder": target.name, "digest": digest}
        for file in [*sorted(target.rglob("*")), target]:
            fsync_path(file)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    replace_generation(path, manifest, new)
    return RewrittenGeneration(generation_number(manifest), *lost, tuple(files))


def _write_arrays(
    source: Path, target: Path, manifest: Mapping[str, Any], removal: Removal
) -> tuple[dict[str, Any], bool]:
    """Write the arrays of what stays; return what the manifest has of them, and whether a list of texts changed."""
    folders = [each["folder"] for each in manifest["buckets"]] if "buckets" in manifest else ["."]
    of_buckets = []
    for name, facts in zip(folders, facts_of_buckets(manifest), strict=True):
        (target / name).mkdir(exist_ok=True)
        of_buckets.append(_write_bucket(source / name, target / name, facts, removal))
    facts = joint_facts(of_buckets)
    changed = False
    for name in manifest.get("text_columns", ()):
        changed |= _write_texts(source, target, name, [target / each for each in folders])
    if "buckets" in manifest:
        write_customers(target, [target / name for name in folders])
        facts["buckets"] = [{"folder": name, **each} for name, each in zip(folders, of_buckets, strict=True)]
    return facts, changed


def events_left(rows: NDArray[np.bool_], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many of some events each customer has."""
    left: NDArray[np.int64] = np.diff(np.concatenate(([0], np.cumsum(rows)))[offsets])
    return left


def _write_bucket(source: Path, target: Path, facts: Mapping[str, Any], removal: Removal) -> dict[str, Any]:
    ids, offsets = read_ids(source), np.load(source / "offsets.npy")
    rows = removal.kept(ids, np.diff(offsets), np.load(source / "time.npy", mmap_mode="r"))
    if rows.all():
        link_arrays(source, target, facts)
        return dict(facts)
    left = events_left(rows, offsets)
    stays = left > 0
    columns: dict[str, NDArray[Any]] = {}
    for name in [name for key in COLUMN_LISTS for name in facts.get(key, ())]:
        columns[name] = np.load(source / f"{name}.npy", mmap_mode="r")[rows]
        write_array(target / f"{name}.npy", columns[name])
    write_array(target / "offsets.npy", np.concatenate([[0], np.cumsum(left[stays])]).astype(np.int64))
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
    write_texts(target, name, pa.array(values, pa.string()))
    return bool(gone)


def _write_others(source: Path, target: Path, removal: Removal) -> list[str]:
    """Copy the files beside the arrays without what has to leave; return the names of those that had any of it."""
    names = {f"{name}_texts.arrow" for name in TEXT_DTYPES} | {MANIFEST, BUCKETS_FILE}
    changed = []
    for file in sorted(path for path in source.rglob("*") if path.is_file()):
        name = file.relative_to(source).as_posix()
        if file.name in names or (target / name).exists():
            continue
        shutil.copy2(file, target / name)
        if removal.change_file(target / name):
            changed.append(name)
    return changed
