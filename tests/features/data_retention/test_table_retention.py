"""The age of a table is that of its cutoff where it says one, else of its file."""

import json
import os
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import ipc

from features.data_retention.table_retention import date_of, old_files

OLD, NEW = "2023-05-01", "2024-06-01T09:30:00+02:00"


def table(path: Path, as_of: str = "") -> Path:
    """A table with a cutoff in its metadata, or without one, of a file of 2001-09-09."""
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"regulars": json.dumps({"as_of": as_of})} if as_of else {}
    rows = pa.table({"customer_id": ["anna"]}).replace_schema_metadata(metadata)
    if path.suffix == ".parquet":
        pq.write_table(rows, path)
    elif path.suffix == ".arrow":
        with ipc.new_file(str(path), rows.schema) as writer:
            writer.write_table(rows)
    else:
        path.write_text("anna")
    os.utime(path, (1e9, 1e9))
    return path


@pytest.mark.parametrize("ending", [".parquet", ".arrow"])
def test_the_cutoff_of_the_metadata_counts(tmp_path: Path, ending: str) -> None:
    """Whatever the time of the file is."""
    assert date_of(table(tmp_path / f"s{ending}", NEW)) == date(2024, 6, 1)


def test_without_it_that_of_the_folder_then_of_the_file(tmp_path: Path) -> None:
    """Parts lie in a folder of their cutoff; pages and CSV say nothing."""
    assert date_of(table(tmp_path / "as_of=2024-02-03T00:00" / "bucket=000" / "part.parquet")) == date(2024, 2, 3)
    assert date_of(table(tmp_path / "s.parquet")) == date(2001, 9, 9)
    assert date_of(table(tmp_path / "s.csv")) == date(2001, 9, 9)
    (tmp_path / "damaged.parquet").write_text("anna")
    assert date_of(tmp_path / "damaged.parquet") == date.fromtimestamp((tmp_path / "damaged.parquet").stat().st_mtime)


def test_old_tables_and_pages_are_found_and_nothing_else(tmp_path: Path) -> None:
    """A file of another kind, one of the day itself and one in a folder that is left alone stay."""
    old = [table(tmp_path / "a" / "s.parquet", OLD), table(tmp_path / "a" / "page.html")]
    table(tmp_path / "a" / "t.parquet", NEW)
    table(tmp_path / "a" / "key.pem")
    table(tmp_path / "plan" / "plan.parquet", OLD)
    found = old_files([tmp_path], date(2024, 6, 1), [tmp_path / "plan"])
    assert sorted(found) == sorted(old)
