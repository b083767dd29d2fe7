"""The columns of a store of several buckets are those of a store of one."""

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.store.event_store import open_store
from features.store.merged_columns import MergedColumns
from features.store.writer import StoreWriter, write_store
from tests.features.logs import KIND, Event, Log, batch, logs, same_bits, shelved


@settings(max_examples=30, deadline=None)
@given(logs(max_size=25), st.integers(2, 20))
def test_columns_and_offsets_are_those_of_one_bucket(log: Log, buckets: int) -> None:
    """In order of the customers' ids, with the same types; they cannot be written to."""
    one, several = shelved(log), shelved(log, buckets=buckets)
    assert isinstance(several.columns, MergedColumns)
    assert len(several.parts) == buckets
    assert several.customer_ids.to_pylist() == one.customer_ids.to_pylist()
    assert several.offsets.tolist() == one.offsets.tolist()
    assert list(several.columns) == list(one.columns)
    for name, column in one.columns.items():
        assert several.columns[name].dtype == column.dtype
        assert np.array_equal(several.columns[name], column), name
        assert not several.columns[name].flags.writeable
        assert several.columns[name] is several.columns[name]


def test_a_bucket_without_a_column_has_no_values_in_it(tmp_path: Path) -> None:
    """As when the first row with a time of recording is added to another bucket."""
    plain = [Event(name, 5, KIND["purchase"], cents=1) for name in "abcdefgh"]
    said = Event("a", 6, KIND["purchase"], cents=2, known_from=9)
    write_store(tmp_path, [batch(plain, "UTC")], timezone="UTC", digest="1", buckets=4)
    with StoreWriter(tmp_path, timezone="UTC", digest="2", existing="append") as writer:
        writer.add(batch([said], "UTC"))
        writer.write_columns()
        writer.commit()
    store, whole = open_store(tmp_path), shelved([batch([*plain, said], "UTC")])
    assert [bucket.store.recorded for bucket in store.buckets].count(True) == 1
    assert store.recorded
    for name, column in whole.columns.items():
        assert np.array_equal(store.columns[name], column), name
    for as_of in (AsOf(8, 0), AsOf(10, 0)):
        same_bits(feature_table(store, as_of), feature_table(whole, as_of))
