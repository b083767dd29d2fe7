"""A Delta table is its current version: what its log removed stays removed."""

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from features.errors import MissingExtraError, SourceError
from features.ingestion.delta_tables import delta_files
from tests.features.reading import parquet_file, read


def events(customers: range) -> dict[str, pa.Array]:
    """Return a purchase for each customer."""
    ids = [f"c{number}" for number in customers]
    return {"customer_id": pa.array(ids), "event_time": pa.array(["2024-01-01"] * len(ids), pa.string())}


def delta_table(folder: Path, *versions: list[dict[str, Any]], partition: str = "event_type") -> Path:
    """Write the log of a Delta table by hand, as its protocol says: one file of actions a version."""
    schema = {
        "type": "struct",
        "fields": [
            {"name": name, "type": "string", "nullable": True, "metadata": {}}
            for name in ("customer_id", "event_time", "event_type")
        ],
    }
    metadata = {
        **{"id": "0", "format": {"provider": "parquet", "options": {}}, "schemaString": json.dumps(schema)},
        **{"partitionColumns": [partition], "configuration": {}, "createdTime": 0},
    }
    first: list[dict[str, Any]] = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}, {"metaData": metadata}]
    (folder / "_delta_log").mkdir()
    for number, actions in enumerate([[*first, *versions[0]], *versions[1:]]):
        text = "".join(json.dumps(action) + "\n" for action in actions)
        (folder / "_delta_log" / f"{number:020}.json").write_text(text)
    return folder


def add(folder: Path, path: str, customers: range, event_type: str = "purchase") -> dict[str, Any]:
    """Write a file of a table, and return the action that adds it."""
    (folder / path).parent.mkdir(exist_ok=True, parents=True)
    size = parquet_file((folder / path).parent, events(customers), Path(path).name).stat().st_size
    action = {"path": path, "size": size, "partitionValues": {"event_type": event_type}, "modificationTime": 0}
    return {"add": {**action, "dataChange": True}}


def remove(path: str) -> dict[str, Any]:
    return {"remove": {"path": path, "deletionTimestamp": 0, "dataChange": True}}


def updated_table(folder: Path) -> Path:
    """Write a table of 6,000 rows whose second version takes 2,000 of them away."""
    old, new = "event_type=purchase/old.parquet", "event_type=purchase/new.parquet"
    return delta_table(
        folder,
        [add(folder, "event_type=usage/a.parquet", range(1_000), "usage"), add(folder, old, range(5_000))],
        [remove(old), add(folder, new, range(3_000))],
    )


def test_removed_rows_stay_removed(tmp_path: Path) -> None:
    """4,000 rows are current; the values of the folders are columns."""
    pytest.importorskip("deltalake")
    result = read(updated_table(tmp_path))
    assert result.report.kept == 4_000
    assert (result.report.kinds["purchase"], result.report.kinds["usage"]) == (3_000, 1_000)
    assert all("old.parquet" not in source for source in result.report.sources)


def test_a_table_written_by_its_own_library_is_read(tmp_path: Path) -> None:
    """With a value in its path that must be encoded, and with rows deleted one by one."""
    deltalake = pytest.importorskip("deltalake")
    table = pa.table({**events(range(10)), "event_type": ["usage"] * 10, "shop": ["a b/ü"] * 5 + [None] * 5})
    deltalake.write_deltalake(tmp_path, table, partition_by=["shop"])
    deltalake.DeltaTable(tmp_path).delete("customer_id = 'c3'")
    result = read(tmp_path, map={"content": "shop"})
    assert {event["customer_id"] for event in result.events} == {f"c{number}" for number in range(10)} - {"c3"}
    assert {values["shop"] for _, values in delta_files(str(tmp_path))} == {"a b/ü", None}


def test_files_of_a_table_are_not_read_without_its_log(tmp_path: Path) -> None:
    """By a glob, a folder within, or their names: the message names the table's folder."""
    updated_table(tmp_path)
    for source in ("*/*.parquet", "event_type=purchase", "event_type=purchase/old.parquet"):
        with pytest.raises(SourceError, match=r"names files of the Delta table .*, which hold removed rows too: name"):
            read(f"{tmp_path}/{source}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {
                "protocol": {
                    "minReaderVersion": 3,
                    "minWriterVersion": 7,
                    "readerFeatures": ["deletionVectors"],
                    "writerFeatures": ["deletionVectors"],
                }
            },
            "needs deletionVectors: export its current rows",
        ),
        ({"rubbish": 1, "add": 2}, "is a damaged Delta table"),
        (remove("event_type=purchase/new.parquet"), "is a Delta table without rows"),
    ],
)
def test_what_its_files_alone_do_not_say_is_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    """In one line; nothing is read by halves."""
    pytest.importorskip("deltalake")
    path = "event_type=purchase/new.parquet"
    delta_table(tmp_path, [add(tmp_path, path, range(3))], [change])
    with pytest.raises(SourceError, match=message) as refusal:
        read(tmp_path)
    assert "\n" not in str(refusal.value)


def test_without_the_library_a_table_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra to install, rather than with rows that were removed."""
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with pytest.raises(MissingExtraError, match=r"is a Delta table, which needs regulars\[lake\]: pip install"):
        read(updated_table(tmp_path))
