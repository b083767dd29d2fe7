"""The folder for copies of sources: where workers see it, and gone at the end."""

import tempfile
from pathlib import Path

import pytest

from features.ingestion.ingest_scratch import ingest_scratch


def test_it_is_beside_the_store_for_workers_alone(tmp_path: Path) -> None:
    """Else among temporary files."""
    with ingest_scratch(tmp_path / "store", shared=True) as folder:
        assert folder.parent == tmp_path
    with ingest_scratch(tmp_path / "store", shared=False) as temporary:
        assert temporary.parent == Path(tempfile.gettempdir())
    assert not folder.exists()
    assert not temporary.exists()


@pytest.mark.parametrize("shared", [True, False])
def test_what_a_killed_ingest_left_is_removed(shared: bool, tmp_path: Path) -> None:
    """That of this store, by an ingest of either kind; what others hold, and other stores, stay."""
    left, other = tmp_path / ".store.abcdefgh.sources", tmp_path / ".shop.abcdefgh.sources"
    for folder in (left, other):
        folder.mkdir()
        (folder / "part-0.parquet").touch()
    with ingest_scratch(tmp_path / "store", shared=True) as held, ingest_scratch(tmp_path / "store", shared=shared):
        assert held.exists()
        assert not left.exists()
        assert other.exists()
