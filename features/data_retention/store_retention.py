"""Removes old events and old generations from an event store, and keeps them from coming back."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.as_of import microseconds
from features.atomic_file import atomic_write
from features.data_retention.earliest_event import read_earliest_event, write_earliest_event
from features.data_retention.faulty_rows import remove_old_rows
from features.errors import StoreError
from features.ingestion.outcome import quarantine_beside
from features.store.event_store import open_store, opened_folder, read_manifest, words_of
from features.store.generations import (
    generation_number,
    generations,
    locked,
    remove_generation,
    remove_unfinished,
    written_at,
)
from features.store.rewriting import Removal, RewrittenGeneration, events_left, rewrite_generation
from features.timezones import SECOND, BusinessTimezone, business_timezone

TIMES = ("event_time", "recorded_at")


class PrunedStore(NamedTuple):
    """What was removed from a store, or would be.

    Attributes
    ----------
    generations : list of int
        The numbers of the generations that were removed.
    rewritten : list of RewrittenGeneration
        Those that lost events, the latest first.
    moved : bool
        Whether the earliest event that is kept is another one now.
    faulty_rows : int
        Rows of the quarantine that a refused ingest left beside the store.
    """

    generations: list[int]
    rewritten: list[RewrittenGeneration]
    moved: bool
    faulty_rows: int


def prune_store(
    path: str | Path, earliest: int | None = None, oldest: float | None = None, *, dry_run: bool = False
) -> PrunedStore:
    """Remove old events from all generations of a store, and old generations.

    Customers without any event left leave the store. Faulty rows and duplicates leave with the events of their time;
    of those whose time cannot be read, the time of the generation counts. A kill at any moment leaves the old or the
    new of each generation, and the next call ends what was begun.

    Parameters
    ----------
    path : str or Path
        The folder of a store.
    earliest : int, optional
        The earliest `event_time` that is kept, in microseconds since 1970-01-01 UTC. From now on ingest and append
        leave out earlier events; an earlier moment than that of the last call brings nothing back by itself.
    oldest : float, optional
        When the oldest generation that is kept was written, in seconds since 1970. The present one always stays.
    dry_run : bool
        Whether to say what would be removed only: events and customers, not the rows of other files.

    Returns
    -------
    PrunedStore

    Raises
    ------
    StoreError
        When there is no store, it is damaged, or another process is writing to it.
    OSError
        When the disk is full; the generation stays as it was.
    """
    path = Path(path)
    open_store(path)  # so that no folder is made where there is no store
    with locked(path):
        if not dry_run:
            remove_unfinished(path)
        manifest, manifests = read_manifest(path), generations(path)
        old = [
            each
            for each in manifests
            if oldest is not None and each["folder"] != manifest["folder"] and written_at(path, each) < oldest
        ]
        kept = [each for each in manifests if each not in old]
        numbers = [generation_number(each) for each in old]
        moved = earliest is not None and _readable_earliest(path) != earliest
        rewritten: list[RewrittenGeneration] = []
        faulty = 0
        if earliest is not None and dry_run:
            rewritten = [lost for each in kept if (lost := _would_lose(path, each, earliest))]
        elif earliest is not None:
            if moved:  # first, so that nothing that is read meanwhile brings them back
                write_earliest_event(path, earliest)
            done = [rewrite_generation(path, each, _removal_before(path, each, earliest)) for each in kept]
            rewritten = [each for each in done if each]
        beside = quarantine_beside(path)
        if earliest is not None and beside.is_file():
            is_old = beside.stat().st_mtime * SECOND < earliest
            zone = business_timezone(manifest["timezone"])
            faulty = remove_old_rows(beside, earliest, TIMES, zone, without_time=is_old, dry_run=dry_run)
        for each in () if dry_run else old:
            remove_generation(path, each)
    return PrunedStore(numbers, rewritten, moved, faulty)


def _readable_earliest(path: Path) -> int | None:
    """Return the earliest event of before; of a damaged file None: it is replaced."""
    try:
        return read_earliest_event(path)
    except StoreError:
        return None


def _would_lose(path: Path, manifest: Mapping[str, Any], earliest: int) -> RewrittenGeneration | None:
    events = customers = 0
    for _, bucket in opened_folder(path / manifest["folder"], manifest, words_of(manifest)).buckets:
        kept = np.asarray(bucket.columns["time"]) >= earliest
        events += bucket.n_events - int(np.count_nonzero(kept))
        customers += int(np.count_nonzero(events_left(kept, bucket.offsets) == 0))
    return RewrittenGeneration(generation_number(manifest), events, customers, ()) if events else None


def _removal_before(path: Path, manifest: Mapping[str, Any], earliest: int) -> Removal:
    columns = set(TIMES)
    for record in manifest.get("sources", ()):
        columns |= {own for name, own in record.get("columns", {}).items() if name in columns}
    zone, is_old = business_timezone(manifest["timezone"]), written_at(path, manifest) * SECOND < earliest

    def kept(ids: pa.StringArray, counts: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.bool_]:
        rows: NDArray[np.bool_] = np.asarray(times) >= earliest
        return rows

    return Removal(
        kept,
        lambda file: _change_file(file, earliest, columns, zone, is_old),
        lambda sources: sources,
        f"events from {earliest}",
    )


def _change_file(file: Path, earliest: int, columns: Collection[str], zone: BusinessTimezone, is_old: bool) -> bool:
    if file.suffix == ".csv":
        return bool(remove_old_rows(file, earliest, columns, zone, without_time=is_old))
    if file.name != "report.json":
        return False
    report = json.loads(file.read_text(encoding="utf-8"))
    largest = report.get("extreme_amounts", {}).get("largest", [])
    recent = [each for each in largest if microseconds(datetime.fromisoformat(each["event_time"])) >= earliest]
    if len(recent) < len(largest):
        report["extreme_amounts"]["largest"] = recent
        with atomic_write(file) as part:
            part.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return len(recent) < len(largest)
