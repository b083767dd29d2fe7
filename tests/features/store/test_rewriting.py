"""A generation that loses events is written anew; what loses nothing is not touched."""

from pathlib import Path

import numpy as np
import pytest

from features.errors import StoreError
from features.ingestion.ingest import append, ingest
from features.store.event_store import open_store, read_manifest
from features.store.rewriting import Removal, rewrite_generation
from tests.cli.conftest import LOG


def removal(keep: object) -> Removal:
    return Removal(
        lambda ids, counts, times: np.full(len(times), True) if keep is True else np.arange(len(times)) >= 2,
        lambda file: False,
        lambda sources: sources,
        "two events",
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "log.csv").write_text(LOG)
    ingest(tmp_path / "log.csv", tmp_path / "store")
    return tmp_path / "store"


def test_what_keeps_all_its_events_is_not_written(path: Path) -> None:
    """Folder and digest stay."""
    manifest = read_manifest(path)
    assert rewrite_generation(path, manifest, removal(True)) is None
    assert read_manifest(path) == manifest
    assert [each.name for each in path.glob("events-*")] == [manifest["folder"]]


def test_events_leave_and_the_digest_changes(path: Path) -> None:
    """It counts what left; a customer with events left stays."""
    before = read_manifest(path)
    done = rewrite_generation(path, before, removal(False))
    assert done is not None
    assert (done.number, done.events, done.customers) == (1, 2, 0)
    store = open_store(path)
    assert (store.n_events, store.n_customers) == (4, 3)
    assert store.manifest["digest"] != before["digest"]


def test_a_failure_leaves_the_old_one(path: Path) -> None:
    """Nothing half written stays either."""

    def fails(file: Path) -> bool:
        raise StoreError("stop")

    broken = Removal(removal(False).kept, fails, lambda sources: sources, "")
    before = read_manifest(path)
    with pytest.raises(StoreError, match="stop"):
        rewrite_generation(path, before, broken)
    assert [each.name for each in path.glob("events-*")] == [before["folder"]]
    append(path.parent / "log.csv", path)
    assert open_store(path).n_events == 6
