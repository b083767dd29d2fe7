"""Some customers of a store are a store, in which everything about them is as in the whole."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.engines.feature_table import feature_table
from features.ingestion.ingest import ingest
from features.simulate import write_log
from features.store.chosen_customers import events_of_customers
from features.store.event_store import open_store
from features.store.text_codes import texts_of
from tests.features.logs import Log, logs, same_bits, shelved
from training.targets import log_end, targets


@settings(max_examples=25, deadline=None)
@given(logs(min_size=1, max_size=25), st.sampled_from([1, 3]), st.data())
def test_features_and_outcomes_are_those_of_the_whole(log: Log, buckets: int, data: st.DataObject) -> None:
    """At every date, in one bucket or several, corrections and named sales included; and the log ends when it ends."""
    store = shelved(log, buckets=buckets)
    places = st.sets(st.integers(0, store.n_customers - 1)) if store.n_customers else st.just(set[int]())
    customers = np.array(sorted(data.draw(places)), np.int64)
    chosen = events_of_customers(store, customers)
    assert chosen.customer_ids.to_pylist() == store.customer_ids.take(customers).to_pylist()
    assert log_end(chosen) == log_end(store)
    for as_of in log.as_ofs():
        same_bits(feature_table(chosen, as_of), feature_table(store, as_of, customers))
        whole = targets(store, as_of, [7, 90], log_end(store)).iloc[customers]
        assert targets(chosen, as_of, [7, 90], log_end(store)).equals(whole)


@pytest.mark.parametrize("buckets", [1, 4])
def test_columns_keep_their_types_and_cannot_be_written_to(buckets: int, tmp_path: Path) -> None:
    """As those of a mapped store; texts come along."""
    write_log(tmp_path / "log.parquet", customers=100, seed=5)
    ingest(tmp_path / "log.parquet", tmp_path / "store", buckets=buckets)
    store = open_store(tmp_path / "store")
    chosen = events_of_customers(store, np.arange(0, store.n_customers, 2))
    assert list(chosen.columns) == list(store.columns)
    for name, column in chosen.columns.items():
        assert column.dtype == store.columns[name].dtype
        assert not column.flags.writeable
    kept = np.repeat(np.arange(store.n_customers) % 2 == 0, np.diff(store.offsets))
    assert texts_of(chosen, "content").to_pylist() == texts_of(store, "content", kept).to_pylist()
