"""One table from parts: in order of the ids, from any number of buckets, in pieces of any size."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import features.partitions.joined_table
from features.as_of import AsOf
from features.engines.feature_table import SCHEMA, feature_table
from features.partitions.customer_ranges import customer_ranges
from features.partitions.feature_parts import FeatureParts
from features.partitions.joined_table import write_joined
from tests.features.logs import Log, logs, same_bits, shelved


@settings(max_examples=25, deadline=None)
@given(logs(max_size=25), st.sampled_from([1, 3]), st.integers(1, 5), st.integers(1, 3), st.integers(0, 4))
def test_the_table_is_that_of_the_whole_store(
    tmp_path_factory: pytest.TempPathFactory, log: Log, buckets: int, chunk: int, batch: int, which: int
) -> None:
    """Every row once, in order, also of customers who were not known yet at the cutoff."""
    store, as_of, folder = shelved(log, buckets=buckets), log.as_ofs()[which], tmp_path_factory.mktemp("joined")
    computation = FeatureParts({"x": AsOf.parse(as_of, store.timezone)})
    for customers in customer_ranges(store):
        computation(store.buckets[customers.bucket].store, customers, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features.partitions.joined_table, "CHUNK", chunk)
        patch.setattr(features.partitions.joined_table, "BATCH", batch)
        rows = write_joined(store, folder / "as_of=x", folder / "table.parquet", SCHEMA)
    table: pd.DataFrame = pq.read_table(folder / "table.parquet").to_pandas().set_index("customer_id")
    assert rows == len(table)
    same_bits(table, feature_table(store, as_of))
    assert pq.read_schema(folder / "table.parquet").field("customer_id").type == pa.string()
