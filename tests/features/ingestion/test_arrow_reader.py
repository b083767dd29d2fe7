"""Arrow files, Feather and Arrow streams are read with their types, batch by batch."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather

from features.ingestion.arrow_reader import arrow_schema, read_arrow_batches
from tests.features.reading import parquet_file, read

COLUMNS = {
    "customer_id": pa.array(["A", "B", "A", None]).dictionary_encode(),
    "event_time": pa.array([datetime(2024, 1, day) for day in (1, 2, 3, 4)]),
    "event_type": pa.array(["purchase", "purchase", "buy", "usage"]),
    "amount": pa.array([1.5, 2, 3, None]),
    "shop": pa.array([1, 2, 3, 4]),
}


def arrow_file(path: Path, kind: str) -> Path:
    table = pa.table(COLUMNS)
    if kind == "feather":
        feather.write_feather(table, path)
    else:
        with (pa.ipc.new_file if kind == "file" else pa.ipc.new_stream)(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=3)
    return path


@pytest.mark.parametrize("kind", ["file", "stream", "feather"])
def test_events_are_those_of_a_parquet_file(kind: str, tmp_path: Path) -> None:
    """The quarantine too; the ending of the name does not matter."""
    path = arrow_file(tmp_path / "log.data", kind)
    result, expected = read(path), read(parquet_file(tmp_path, COLUMNS))
    assert result.events == expected.events
    assert len(result.events) == 2
    assert [row | {"source": ""} for row in result.quarantine] == [row | {"source": ""} for row in expected.quarantine]
    assert result.report.assumed[str(path)] == {"format": "Arrow"}


def test_the_columns_and_whether_there_are_rows(tmp_path: Path) -> None:
    """Before anything is read."""
    path = arrow_file(tmp_path / "log.arrow", "file")
    assert arrow_schema(path) == (pa.table(COLUMNS).schema, False)
    assert [len(batch) for batch in read_arrow_batches(path)] == [3, 1]
    with pa.ipc.new_file(path, pa.schema([("a", pa.int64())])):
        pass
    assert arrow_schema(path)[1]
