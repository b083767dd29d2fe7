"""Generations of a store: the last few stay, and there is a way back to each."""

import json
from pathlib import Path

import pytest

from features.errors import StoreError
from features.store.event_store import open_store, read_manifest
from features.store.generations import generation_number, generations, locked, rollback
from features.store.writer import StoreWriter, write_store
from tests.features.logs import KIND, Event, batch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store that was written five times, with as many events each time as its number."""
    for number in range(1, 6):
        events = [Event("a", at, KIND["usage"]) for at in range(number)]
        write_store(tmp_path / "store", [batch(events, "UTC")], timezone="UTC", digest=str(number))
    return tmp_path / "store"


def numbers(path: Path) -> list[int]:
    return [generation_number(each) for each in generations(path)]


def test_the_last_three_stay(path: Path) -> None:
    """The latest first; the folders of others are gone."""
    assert numbers(path) == [5, 4, 3]
    assert len(list(path.glob("events-*"))) == 3


def test_there_is_a_way_back_and_forth(path: Path) -> None:
    """Step by step or to a generation by its number; what is written then is a new generation after all others."""
    assert rollback(path)["digest"] == "4"
    assert open_store(path).n_events == 4
    assert rollback(path)["digest"] == "3"
    assert open_store(path).n_events == 3
    with pytest.raises(StoreError, match="is at generation 3 and has not generation 2: there are 5, 4 besides"):
        rollback(path)
    with pytest.raises(StoreError, match="is at generation 3 and has not generation 2: there are 5, 4 besides"):
        rollback(path, 2)
    assert rollback(path, 5)["digest"] == "5"
    rollback(path, 4)
    write_store(path, [], timezone="UTC", digest="6")
    assert numbers(path) == [6, 5, 4]
    assert rollback(path)["digest"] == "4"


def test_a_rollback_needs_a_store_that_nobody_writes_to(path: Path, tmp_path: Path) -> None:
    """No folder is made where there is no store."""
    with locked(path), pytest.raises(StoreError, match="another process is writing to"):
        rollback(path)
    assert read_manifest(path)["digest"] == "5"
    with pytest.raises(StoreError, match="holds no event store"):
        rollback(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_store_of_schema_1_is_a_generation(path: Path) -> None:
    """Its folder has no manifest of its own until the next one is written; it counts as generation 0."""
    manifest = read_manifest(path)
    old = {
        name: manifest[name] for name in manifest if name not in ("generation", "parent", "sources", "identity_columns")
    }
    for folder in path.glob("events-*"):
        (folder / "manifest.json").unlink()
    (path / "manifest.json").write_text(json.dumps(old | {"schema_version": 1}))
    assert numbers(path) == [0]
    with pytest.raises(StoreError, match="has not an earlier one: there are none besides"):
        rollback(path)
    write_store(path, [], timezone="UTC", digest="6")
    assert numbers(path) == [1, 0]
    assert rollback(path)["digest"] == "5"
    assert open_store(path).n_events == 5


def test_a_folder_that_was_never_finished_is_removed(path: Path) -> None:
    """It has no manifest, or not a whole one."""
    (path / "events-unfinished").mkdir()
    (path / "events-broken").mkdir()
    (path / "events-broken" / "manifest.json").write_text("{")
    assert numbers(path) == [5, 4, 3]
    write_store(path, [], timezone="UTC", digest="6")
    assert numbers(path) == [6, 5, 4]
    assert len(list(path.glob("events-*"))) == 3


def test_the_next_writer_removes_what_a_killed_one_left(path: Path) -> None:
    """Also where it then adds nothing: no half folder outlives the next command."""
    (path / "events-unfinished").mkdir()
    (path / "events-unfinished" / "day.npy").write_bytes(b"half")
    with StoreWriter(path, timezone="UTC", digest="6", existing="append") as writer:
        writer.write_columns()
    assert writer.manifest == {}
    assert numbers(path) == [5, 4, 3]
    assert len(list(path.glob("events-*"))) == 3


@pytest.mark.parametrize("manifest", ["{", "{}", '{"schema_version": 99, "folder": "events-99"}'])
def test_a_damaged_manifest_is_mended_by_the_next_ingest(path: Path, manifest: str) -> None:
    """As its message advises; the generations that can be read stay."""
    (path / "manifest.json").write_text(manifest)
    with pytest.raises(StoreError, match="ingest the log again"):
        open_store(path)
    write_store(path, [], timezone="UTC", digest="6")
    assert numbers(path) == [6, 5, 4]
    assert open_store(path).manifest["digest"] == "6"
