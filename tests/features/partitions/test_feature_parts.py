"""Features in parts: the rows of the feature table at each cutoff, whatever the buckets."""

from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from features.engines.feature_table import feature_table, write_feature_table
from features.errors import AsOfError
from features.ingestion.ingest import ingest
from features.partitions.feature_parts import write_feature_file, write_feature_parts
from features.partitions.folder import content_of, date_folder
from features.simulate import Truth, write_log
from features.store.event_store import EventStore, open_store
from tests.features.logs import same_bits

DATES = ["2024-06-01", "2023-12-10T09:30:00+05:30"]


@pytest.fixture(scope="module", params=[1, 4])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    """A simulated log whose events came late, in one bucket or several."""
    folder = tmp_path_factory.mktemp("feature_parts")
    write_log(folder / "log.parquet", truth=Truth(recorded_lag_days=10.0), customers=300, seed=5)
    ingest(folder / "log.parquet", folder / "store", buckets=request.param)
    return open_store(folder / "store")


def test_the_parts_hold_the_feature_table(store: EventStore, tmp_path: Path) -> None:
    """At each cutoff, to the last bit; readers of partitioned data find cutoff and bucket as columns."""
    rows = write_feature_parts(store, DATES, tmp_path / "out")
    for as_of in DATES:
        found = pq.read_table(date_folder(tmp_path / "out", as_of), partitioning=None).to_pandas()
        expected = feature_table(store, as_of)
        assert rows[as_of] == len(expected) > 50
        same_bits(found.set_index("customer_id").sort_index(), expected)
    table = ds.dataset(tmp_path / "out", partitioning="hive").to_table()
    assert set(table["as_of"].to_pylist()) == set(DATES)
    assert len(set(table["bucket"].to_pylist())) == len(store.buckets)
    content = content_of(tmp_path / "out")
    assert content["as_of"] == DATES
    assert content["data_digest"] == store.manifest["digest"]


def test_one_file_is_that_of_the_feature_table(store: EventStore, tmp_path: Path) -> None:
    """Byte by byte, and nothing is left beside it."""
    for ending in ("parquet", "csv"):
        rows = write_feature_file(store, DATES[0], tmp_path / f"parts.{ending}")
        assert rows == write_feature_table(store, DATES[0], tmp_path / f"table.{ending}")
        assert (tmp_path / f"parts.{ending}").read_bytes() == (tmp_path / f"table.{ending}").read_bytes()
    assert len(list(tmp_path.iterdir())) == 4


def test_a_cutoff_is_read_before_anything_is_computed(store: EventStore, tmp_path: Path) -> None:
    """A wrong one is refused in one line, and no folder is made."""
    with pytest.raises(AsOfError, match="write it like 2011-06-10"):
        write_feature_parts(store, [DATES[0], "soon"], tmp_path / "out")
    assert not list(tmp_path.iterdir())
