"""A pruned store is the store of a log without old events, in every generation, also after a kill."""

import json
import multiprocessing
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from features.as_of import AsOf
from features.data_retention.earliest_event import RETENTION_FILE, read_earliest_event
from features.data_retention.store_retention import prune_store
from features.errors import StoreError
from features.ingestion.ingest import append, ingest
from features.ingestion.profile import SourceProfile
from features.store.event_store import open_store
from features.store.generations import generation_number, generations, rollback
from tests.features.erasure.test_store_erasure import content, write_log

EARLIEST = AsOf.parse("2024-03-01", "UTC").time
OLD = [
    "anna,2024-01-05 10:00,purchase,7000000.00,,,,r1,2024-01-06",
    "anna,2024-01-05 10:00,purchase,7500000.00,,,,r1,2024-01-08",
    "anna,2024-02-29 23:59,visit,,phone,her garden,P1,r2,2024-02-29",
    "ben,2024-02-02 16:45,purchase,400,,,,r3,2024-02-03",
    "anna,2024-01-05 10:00,purchase,oldest,,,,,",
]
NEW = [
    "ben,2024-03-01 00:00,purchase,40,,,,r4,2024-03-03",
    "ben,2024-03-01 00:00,purchase,41,,,,r4,2024-03-04",
    "ben,2024-03-03 16:45,visit,,phone,his roof,P9,r5,2024-03-03",
    "cleo,2024-03-20 08:00,usage,,,,,,2024-03-21",
    "cleo,2024-03-20 08:00,purchase,newest,,,,,",
]
LATER = ["anna,2024-02-05 10:00,usage,,,,,r8,2024-02-06", "dora,2024-04-05 10:00,purchase,9,,,,r9,2024-04-06"]
EVERYTHING_OLD = ("7500000", "her garden", "P1", "oldest", "2024-01-06")


def store(folder: Path, rows: list[str], later: list[str], buckets: int = 1) -> Path:
    folder.mkdir()
    path = folder / "store"
    ingest(write_log(folder / "log.csv", rows), path, buckets=buckets, accept_quarantine=True)
    append(write_log(folder / "later.csv", later), path, accept_quarantine=True)
    return path


def texts_of_files(path: Path) -> str:
    return "\n".join(file.read_bytes().decode("latin-1") for file in sorted(path.rglob("*")) if file.is_file())


@pytest.mark.parametrize("buckets", [1, 3])
def test_every_generation_is_that_of_a_log_without_old_events(tmp_path: Path, buckets: int) -> None:
    """Events, versions, texts and customers; no file has anything that is old; what is new is all there."""
    path = store(tmp_path / "a", [*OLD, *NEW], LATER, buckets)
    expected = store(tmp_path / "b", NEW, LATER[1:], buckets)
    before = texts_of_files(path)
    assert [text for text in EVERYTHING_OLD if text not in before] == []
    would = prune_store(path, EARLIEST, dry_run=True)
    assert texts_of_files(path) == before
    pruned = prune_store(path, EARLIEST)
    assert [(each.number, each.events, each.customers) for each in pruned.rewritten] == [(2, 5, 1), (1, 4, 1)]
    assert [(each.number, each.events, each.customers) for each in would.rewritten] == [(2, 5, 1), (1, 4, 1)]
    assert pruned.moved
    assert would.moved
    after = texts_of_files(path)
    assert [text for text in EVERYTHING_OLD if text in after] == []
    assert "newest" in after
    assert content(open_store(path)) == content(open_store(expected))
    rollback(path)
    rollback(expected)
    assert content(open_store(path)) == content(open_store(expected))


def test_a_second_call_finds_nothing(tmp_path: Path) -> None:
    """No folder is written again."""
    path = store(tmp_path / "a", [*OLD, *NEW], LATER)
    prune_store(path, EARLIEST)
    folders = sorted(path.iterdir())
    assert prune_store(path, EARLIEST, dry_run=True) == prune_store(path, EARLIEST) == ([], [], False, 0)
    assert sorted(path.iterdir()) == folders


def test_old_events_do_not_come_back(tmp_path: Path) -> None:
    """A log with them is read without them, which is counted, faulty rows among them; nothing else is lost."""
    path = store(tmp_path / "a", NEW, LATER[1:])
    prune_store(path, EARLIEST)
    report = append(write_log(tmp_path / "again.csv", [*OLD, *NEW]), path, accept_quarantine=True)
    assert (report.expired, report.seen, report.quarantined) == (5, 3, 1)
    assert "5 older than what the store keeps" in report.lines()[0]
    assert json.loads((open_store(path).folder / "report.json").read_text())["expired"] == 5
    report = ingest(write_log(tmp_path / "log.csv", [*OLD, *NEW]), path, existing="replace", accept_quarantine=True)
    assert report.rows_in == report.kept + report.quarantined + report.duplicates + report.expired
    report = append(write_log(tmp_path / "old.csv", LATER[:1]), path)
    assert (report.kept, report.expired) == (0, 1)
    (path / RETENTION_FILE).write_text("{}")
    with pytest.raises(StoreError, match="run regulars prune again"):
        append(write_log(tmp_path / "more.csv", LATER), path)
    assert prune_store(path, EARLIEST).moved


def test_old_faulty_rows_of_a_readable_time_are_not_quarantined(tmp_path: Path) -> None:
    """They leave as old rows; those of no readable time are faulty as ever."""
    path = store(tmp_path / "a", NEW, LATER[1:])
    prune_store(path, EARLIEST)
    old = "anna,2024-01-05 10:00,purchase,much,,,,,"
    report = append(write_log(tmp_path / "f.csv", [old, *LATER, "anna,once,usage,,,,,,"]), path, accept_quarantine=True)
    assert (report.expired, report.quarantined) == (2, 1)


def test_a_file_with_mended_rows_can_be_read_again(tmp_path: Path) -> None:
    """Its old events are gone, which is no sign that it is read otherwise than before."""
    path = tmp_path / "store"
    log = write_log(tmp_path / "log.csv", [*NEW, *OLD[:2], "eva,2024-04-13,login,,,,,,"])
    ingest(log, path, accept_quarantine=True)
    prune_store(path, EARLIEST)
    profile = SourceProfile().with_values(event_types={"values": {"login": "usage", "purchase": "purchase"}})
    report = append(log, path, profile=profile, accept_quarantine=True)
    assert (report.kept, report.expired) == (1, 2)


def test_old_generations_leave_and_the_present_one_stays(tmp_path: Path) -> None:
    """Their age is that of their writing, which neither an erasure nor a pruning of events changes."""
    path = store(tmp_path / "a", [*OLD, *NEW], LATER)
    for manifest in path.glob("events-*/manifest.json"):
        os.utime(manifest, (1e9, 1e9))
    prune_store(path, EARLIEST)
    assert prune_store(path, oldest=2e9, dry_run=True).generations == [1]
    assert [generation_number(each) for each in generations(path)] == [2, 1]
    assert prune_store(path, oldest=1e9).generations == []
    assert prune_store(path, oldest=2e9).generations == [1]
    assert [generation_number(each) for each in generations(path)] == [2]
    assert prune_store(path, oldest=2e9).generations == []


def test_faulty_rows_without_a_time_are_as_old_as_their_generation(tmp_path: Path) -> None:
    """They leave once it was written before the earliest event."""
    path = store(tmp_path / "a", [*NEW, "eva,once,usage,,,,,,"], [*LATER, "fay,once,usage,,,,,,"])
    prune_store(path, EARLIEST)
    assert "once" in texts_of_files(path)
    for manifest in path.glob("events-*/manifest.json"):
        os.utime(manifest, (1e9, 1e9))
    prune_store(path, EARLIEST)
    assert "once" not in texts_of_files(path)


def _prune_until(path: Path, calls: int) -> None:
    """Prune, and end the process at the given call that renames or removes something."""
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
    prune_store(path, EARLIEST)
    os._exit(0)


def test_a_kill_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    """At whatever step it comes, the store can be read, is whole, and the next call ends what was begun."""
    original = store(tmp_path / "a", [*OLD, *NEW], LATER)
    before, expected = content(open_store(original)), content(open_store(store(tmp_path / "b", NEW, LATER[1:])))
    context, seen = multiprocessing.get_context("fork"), set()
    for calls in [*range(8), *range(8, 200, 9)]:
        path = tmp_path / "store"
        shutil.copytree(original, path)
        process = context.Process(target=_prune_until, args=(path, calls))
        process.start()
        process.join()
        now = content(open_store(path))
        assert now in (before, expected)
        seen.add(now == expected)
        prune_store(path, EARLIEST)
        assert content(open_store(path)) == expected
        assert len(list(path.glob("events-*"))) == 2
        assert not any(text in texts_of_files(path) for text in EVERYTHING_OLD)
        shutil.rmtree(path)
        if process.exitcode == 0:
            break
    assert process.exitcode == 0
    assert seen == {False, True}


def test_there_must_be_a_store(tmp_path: Path) -> None:
    """No folder is made where there is none."""
    with pytest.raises(StoreError, match="holds no event store"):
        prune_store(tmp_path / "none", EARLIEST)
    assert not (tmp_path / "none").exists()
    assert read_earliest_event(tmp_path / "none") is None
