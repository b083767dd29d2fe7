"""The Arrow files of a store."""

from pathlib import Path

import pyarrow as pa
import pytest

from features.store.text_files import read_ids, read_texts, write_ids, write_texts


@pytest.mark.parametrize("texts", [[], ["ann", "", "çelik"]])
def test_what_is_written_is_read(texts: list[str], tmp_path: Path) -> None:
    """Ids and the texts of a column, from files of their own, also where there are none."""
    write_ids(tmp_path / "customers.arrow", pa.array(texts, pa.string()))
    write_texts(tmp_path, "plan_item", pa.array(texts[::-1], pa.string()))
    assert read_ids(tmp_path).to_pylist() == texts
    assert read_texts(tmp_path, "plan_item").to_pylist() == texts[::-1]


def test_what_is_read_is_mapped(tmp_path: Path) -> None:
    """Ids take no memory of their own, however many there are."""
    write_ids(tmp_path / "customers.arrow", pa.array([f"C{number:07}" for number in range(100_000)]))
    before = pa.total_allocated_bytes()
    ids = read_ids(tmp_path)
    assert len(ids) == 100_000
    assert pa.total_allocated_bytes() == before
