"""Opening a store returns what was written; a missing or damaged store is refused in one line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from features.errors import StoreError
from features.store import event_store as store_module
from features.store.event_store import SCHEMA_VERSION, EventStore, is_store, open_store
from features.store.writer import write_store
from tests.features.logs import KIND, Event, batch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    log = [Event(c, 10 * n, KIND["purchase"], cents=n, known_from=0) for n, c in enumerate("abca")]
    write_store(tmp_path / "store", [batch(log, "Europe/London")], timezone="Europe/London", digest="d1")
    return tmp_path / "store"


def test_what_was_written_is_read(path: Path) -> None:
    """Events by customer, with the zone and what else the manifest holds; columns cannot be written to."""
    assert is_store(path)
    store = open_store(path)
    assert store.timezone == "Europe/London"
    assert store.recorded
    assert store.manifest["digest"] == "d1"
    assert store.customer_ids.to_pylist() == ["a", "b", "c"]
    assert store.offsets.tolist() == [0, 2, 3, 4]
    assert store.columns["cents"].tolist() == [0, 3, 1, 2]
    assert len(store.event_columns()) == len(store.columns)
    with pytest.raises(ValueError, match="read-only"):
        store.columns["cents"][0] = 1


@pytest.mark.parametrize("name", ["nothing", "file", "folder"])
def test_no_store(tmp_path: Path, name: str) -> None:
    """Where there is no store the message says how to make one."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    assert not is_store(tmp_path / name)
    with pytest.raises(StoreError, match="holds no event store: make one with `regulars ingest"):
        open_store(tmp_path / name)


def test_a_store_of_another_version(path: Path) -> None:
    """Both versions are named."""
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps(manifest | {"schema_version": SCHEMA_VERSION + 1}))
    with pytest.raises(StoreError, match=f"schema {SCHEMA_VERSION + 1}, this version reads {SCHEMA_VERSION}"):
        open_store(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema_version": 1}'])
def test_a_damaged_manifest(path: Path, text: str) -> None:
    """What is wrong is said, and what to do."""
    (path / "manifest.json").write_text(text)
    with pytest.raises(StoreError, match=r"is damaged .*: ingest the log again"):
        open_store(path)


@pytest.mark.parametrize("name", ["time.npy", "offsets.npy", "customers.arrow", "known_until.npy"])
@pytest.mark.parametrize("left", [None, 0, 60, 130])
def test_a_damaged_file(path: Path, name: str, left: int | None) -> None:
    """So it is when a file of the store is gone, empty, or cut off."""
    file = open_store(path).folder / name
    content = file.read_bytes()
    file.unlink()
    if left is not None:
        file.write_bytes(content[:left])
    with pytest.raises(StoreError, match=r"is damaged .*: ingest the log again"):
        open_store(path)


def test_a_store_replaced_while_it_is_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever read the manifest just before a writer cleared its folder away gets the new store."""
    opened = store_module._opened

    def too_late(folder: Path, manifest: Mapping[str, Any]) -> EventStore:
        monkeypatch.setattr(store_module, "_opened", opened)
        write_store(path, [batch([], "UTC")], timezone="UTC", digest="d2")
        assert not folder.exists()
        return opened(folder, manifest)

    monkeypatch.setattr(store_module, "_opened", too_late)
    assert open_store(path).manifest["digest"] == "d2"
