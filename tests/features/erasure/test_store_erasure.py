"""A store without a customer is the store of a log without that customer, in every generation, also after a kill."""

import multiprocessing
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from features.erasure.id_patterns import IdPattern
from features.erasure.id_search import files_in, names_customer
from features.erasure.store_erasure import erase_from_store, unfinished_erasures
from features.erasure.suppression import read_suppression, suppress
from features.errors import StoreError
from features.ingestion.ingest import append, ingest
from features.store.event_store import EventStore, open_store
from features.store.generations import generation_number, generations, locked, rollback
from features.store.text_codes import texts_of

HEADER = "customer_id,event_time,event_type,amount,channel,content,plan_item,reference,recorded_at\n"
LOG = [
    "anna,2024-01-05 10:00,purchase,20.00,,,,r1,2024-01-06",
    "anna,2024-01-05 10:00,purchase,25.00,,,,r1,2024-01-08",
    "anna,2024-02-06 09:00,visit,,phone,her garden,P1,r2,2024-02-06",
    "ben,2024-03-02 16:45,purchase,400,,,,r3,2024-03-03",
    "ben,2024-03-03 16:45,visit,,phone,needs,P2,r4,2024-03-03",
    "cleo,2024-03-20 08:00,usage,,,,,,2024-03-21",
    "anna,2024-13-05 10:00,purchase,20.00,,,,,",
]
LATER = ["anna,2024-04-05 10:00,purchase,2000000,,,,r8,2024-04-06", "dora,2024-04-05 10:00,purchase,9,,,,r9,2024-04-06"]


def write_log(path: Path, rows: list[str], leave_out: str = "nobody") -> Path:
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows if not row.startswith(leave_out)))
    return path


def stores(folder: Path, leave_out: str, buckets: int) -> Path:
    """A store of two generations."""
    folder.mkdir()
    ingest(write_log(folder / "log.csv", LOG, leave_out), folder / "store", buckets=buckets, accept_quarantine=True)
    append(write_log(folder / "later.csv", LATER, leave_out), folder / "store")
    for name in ("log.csv", "later.csv"):
        (folder / name).unlink()
    return folder / "store"


def content(store: EventStore) -> dict[str, object]:
    texts = {name: texts_of(store, name).to_pylist() for name in store.text_codes}
    columns = {name: np.asarray(store.columns[name]).tolist() for name in store.columns}
    identity = {name: np.asarray(store.identity[name]).tolist() for name in store.identity}
    facts = {name: store.manifest[name] for name in ("events", "customers", "priced_events", "first_time", "last_time")}
    return {"ids": store.customer_ids.to_pylist(), **facts, **columns, **identity, **texts}


@pytest.mark.parametrize("buckets", [1, 3])
def test_every_generation_is_that_of_a_log_without_her(tmp_path: Path, buckets: int) -> None:
    """Events, versions, texts, ids and counts; no file of the store names her or has her texts; others are not read."""
    path, expected = stores(tmp_path / "a", "nobody", buckets), stores(tmp_path / "b", "anna", buckets)
    anna = IdPattern(["anna", "her garden", "P1"])
    assert any(names_customer(file, anna) for file in files_in([path]))
    digests = [each["digest"] for each in generations(path)]
    erased = erase_from_store(path, ["anna"])
    assert [(each.number, each.events, each.customers) for each in erased] == [(2, 4, 1), (1, 3, 1)]
    assert [file for file in files_in([path]) if names_customer(file, anna)] == []
    assert content(open_store(path)) == content(open_store(expected))
    assert [generation_number(each) for each in generations(path)] == [2, 1]
    assert not set(digests) & {each["digest"] for each in generations(path)}
    rollback(path)
    rollback(expected)
    assert content(open_store(path)) == content(open_store(expected))


@pytest.mark.parametrize("buckets", [1, 3])
@pytest.mark.parametrize("others", [[], ["ben"]])
def test_the_next_erasure_ends_one_that_was_killed(tmp_path: Path, buckets: int, others: list[str]) -> None:
    """Whoever it is of, and of nobody too: the ids need not be known any more, since the store has them."""
    path = stores(tmp_path / "a", "nobody", buckets)
    assert unfinished_erasures(path) == []
    with locked(path):
        suppress(path, ["anna", "nobody"])  # and the kill
    assert unfinished_erasures(path, ["nobody", "cleo"]) == ["anna", "nobody"]
    assert erase_from_store(path, others)[0].customers == 1 + len(others)
    assert read_suppression(path).pending == frozenset()
    assert not [file for file in files_in([path]) if names_customer(file, IdPattern(["anna", *others]))]
    assert set(open_store(path).customer_ids.to_pylist()) == {"ben", "cleo", "dora"} - set(others)


def test_a_second_erasure_changes_nothing(tmp_path: Path) -> None:
    """No folder is written again."""
    path = stores(tmp_path / "a", "nobody", 1)
    erase_from_store(path, ["anna"])
    folders = sorted(path.iterdir())
    assert erase_from_store(path, ["anna"]) == []
    assert sorted(path.iterdir()) == folders


def test_nobody_comes_back(tmp_path: Path) -> None:
    """The log again, in a new store at the path or added to it, is read without her rows, which are counted."""
    path = stores(tmp_path / "a", "nobody", 1)
    erase_from_store(path, ["anna"])
    report = append(write_log(tmp_path / "again.csv", [*LOG, *LATER]), path)
    assert (report.suppressed, report.seen, report.quarantined) == (5, 4, 0)
    report = ingest(write_log(tmp_path / "log.csv", LOG), path, existing="replace")
    assert report.suppressed == 4
    assert report.rows_in == report.kept + report.quarantined + report.duplicates + report.suppressed
    assert not any(names_customer(file, IdPattern(["anna"])) for file in files_in([path]))
    report = append(write_log(tmp_path / "hers.csv", LATER[:1]), path)
    assert (report.kept, report.suppressed) == (0, 1)


def test_all_customers_may_go(tmp_path: Path) -> None:
    """The store is then empty, and can be added to."""
    path = stores(tmp_path / "a", "nobody", 1)
    erase_from_store(path, ["anna", "ben", "cleo", "dora"])
    assert open_store(path).n_events == 0
    append(write_log(tmp_path / "new.csv", ["eva,2024-05-05,purchase,3,,,,r10,2024-05-06"]), path)
    assert open_store(path).customer_ids.to_pylist() == ["eva"]


def test_there_must_be_a_store(tmp_path: Path) -> None:
    """No folder is made where there is none."""
    with pytest.raises(StoreError, match="holds no event store"):
        erase_from_store(tmp_path / "none", ["anna"])
    assert not (tmp_path / "none").exists()


def _erase_until(path: Path, calls: int) -> None:
    """Erase, and end the process at the given call that renames or removes something."""
    left = calls

    def counted(function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            nonlocal left
            left -= 1
            if left < 0:
                os._exit(9)
            return function(*arguments, **options)

        return call

    for name in ("replace", "unlink", "rmdir"):
        setattr(os, name, counted(getattr(os, name)))
    erase_from_store(path, ["anna"])
    os._exit(0)


def test_a_kill_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    """At whatever step it comes, the store can be read, is whole, and the next erasure ends what was begun."""
    original, expected = stores(tmp_path / "a", "nobody", 1), content(open_store(stores(tmp_path / "b", "anna", 1)))
    before = content(open_store(original))
    context = multiprocessing.get_context("fork")
    seen = set()
    for calls in [*range(12), *range(12, 200, 6)]:
        path = tmp_path / "store"
        shutil.copytree(original, path)
        process = context.Process(target=_erase_until, args=(path, calls))
        process.start()
        process.join()
        now = content(open_store(path))
        assert now in (before, expected)
        assert [generation_number(each) for each in generations(path)] == [2, 1]
        seen.add(now == expected)
        erase_from_store(path, ["anna"])
        assert content(open_store(path)) == expected
        assert len(list(path.glob("events-*"))) == 2
        assert not any(names_customer(file, IdPattern(["anna"])) for file in files_in([path]))
        shutil.rmtree(path)
        if process.exitcode == 0:
            break
    assert process.exitcode == 0
    assert seen == {False, True}
