"""Killed at any moment, `ingest`, `append`, `score` and `erase` leave the old or the new, and each row once."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.store.event_store import EventStore, open_store
from tests.laws.killed import FIT, Killer, Shop, often
from tests.training.logs import START, cut, simulated

pytestmark = [pytest.mark.timeout(3600)]
LATER = START.replace(year=START.year + 1)


def rows(store: EventStore) -> dict[str, int]:
    """The events of each customer."""
    return dict(zip(store.customer_ids.to_pylist(), np.diff(store.offsets).tolist(), strict=True))


def leftovers(folder: Path) -> list[Path]:
    """Files of which a reader must never see anything."""
    return [*folder.rglob("*.part"), *(folder / "tmp").iterdir()]


def whole_time(shop: Shop, *words: object) -> float:
    """Seconds of a run that is not killed."""
    code, seconds = shop.run(*words)
    assert code == 0, shop.errors()
    return seconds


@often
def test_ingest(shop: Shop, kills: int) -> None:
    """The store that is replaced is that of one log or of the other, with each of its rows once."""
    folder = shop.folder
    pq.write_table(simulated(400, seed=9), folder / "other.parquet")
    logs = ("log.parquet", "other.parquet")
    whole = []
    for log in logs:
        seconds = whole_time(shop, "ingest", log, "--out", "store", "--replace")
        whole.append(rows(open_store(folder / "store")))
    killer = Killer(shop, seconds)
    while killer.killed < kills:
        words = ("ingest", logs[killer.killed % 2], "--out", "store", "--replace")
        killer.run(*words)
        assert rows(open_store(folder / "store")) in whole
    whole_time(shop, *words)
    assert rows(open_store(folder / "store")) == whole[logs.index(words[1])]
    assert leftovers(folder) == []


@often
def test_append(shop: Shop, kills: int) -> None:
    """A week is in the store or not; when its command is repeated each of its rows is there once."""
    folder, log = shop.folder, simulated(300)
    pq.write_table(cut(log, LATER), folder / "old.parquet")
    whole_time(shop, "ingest", "old.parquet", "--out", "store", "--replace")
    shutil.copytree(folder / "store", folder / "before")
    before = rows(open_store(folder / "store"))
    words = ("append", "log.parquet", "--store", "store")
    seconds = whole_time(shop, *words)
    after = rows(open_store(folder / "store"))
    assert sum(after.values()) > sum(before.values())
    killer = Killer(shop, seconds)
    while killer.killed < kills:
        shutil.rmtree(folder / "store")
        shutil.copytree(folder / "before", folder / "store")
        killer.run(*words)
        assert rows(open_store(folder / "store")) in (before, after)
    whole_time(shop, *words)
    assert rows(open_store(folder / "store")) == after
    assert leftovers(folder) == []


@often
@pytest.mark.parametrize("out", ["scores.parquet", "scores"], ids=["file", "folder"])
def test_score(shop: Shop, kills: int, out: str) -> None:
    """The scores are those of one date or of the other, of every customer once; as one file and as a folder."""
    folder = shop.folder
    in_parts = out == "scores"
    if not in_parts:  # parts need a compiled form, which the model of these tests has not
        whole_time(shop, *FIT)
        whole_time(shop, "promote", "--home", "home", "--force", "--reason", "a test")

    def words(day: str) -> tuple[str, ...]:
        return ("score", "store", "--as-of", day, "--out", out, *(["--rule-only"] if in_parts else ["--home", "home"]))

    def found() -> dict[str, pa.Table]:
        """The tables that a reader finds."""
        paths = sorted((folder / "scores").glob("as_of=*")) if in_parts else [folder / out]
        return {path.name: pq.read_table(path).sort_by("customer_id") for path in paths}

    days = (str(LATER), str(LATER.replace(month=LATER.month + 1)))
    whole: list[pa.Table] = []
    for day in days:
        seconds = whole_time(shop, *words(day))
        whole += [table for table in found().values() if not any(map(table.equals, whole))]
    assert len(whole) == 2
    killer = Killer(shop, seconds)
    while killer.killed < kills:
        killer.run(*words(days[killer.killed % 2]))
        assert all(any(map(table.equals, whole)) for table in found().values())
    for day in days:
        whole_time(shop, *words(day))
    assert list(found().values()) == whole[1:]
    assert leftovers(folder) == []


@often
def test_erase(shop: Shop, kills: int) -> None:
    """Nobody else loses a row, whoever is erased; when the command is repeated a search finds nothing."""
    folder = shop.folder
    whole_time(shop, "score", "store", "--as-of", str(LATER), "--out", "scores/all.parquet", "--rule-only")
    left = rows(open_store(folder / "store"))
    names = iter(sorted(left))

    def words(name: str) -> tuple[str, ...]:
        return ("erase", "store", "--customer-id", name, "--in", "scores")

    first = next(names)
    seconds = whole_time(shop, *words(first))
    del left[first]
    killer = Killer(shop, seconds)
    while killer.killed < kills:
        name = next(names)
        was_killed = killer.run(*words(name))
        events = left.pop(name)
        assert rows(open_store(folder / "store")) in (left, {**left, name: events})
        scored = set(pq.read_table(folder / "scores/all.parquet")["customer_id"].to_pylist())
        assert scored >= set(pd.Index(sorted(left)).intersection(sorted(scored)))
        if was_killed:
            whole_time(shop, *words(name))
        assert rows(open_store(folder / "store")) == left
        assert name not in set(pq.read_table(folder / "scores/all.parquet")["customer_id"].to_pylist())
    assert leftovers(folder) == []
