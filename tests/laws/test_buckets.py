"""A store of several buckets is one store to every reader, to the bit."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.as_of import AsOf
from features.engines.feature_table import feature_chunks, feature_table, write_feature_table
from features.engines.spark_engine import export_events
from features.ingestion.ingest import ingest
from features.loyalty.formula import load_formula
from features.loyalty.scoring import score
from features.simulate import write_log
from features.store.event_store import EventStore, open_store
from features.store.log_dates import first_day, last_day
from tests.features.logs import Log, logs, same_bits, shelved
from training.log_checks import events_known, null_share_changes, weekly_purchases
from training.targets import log_end, targets
from training.windows import activity

BUCKETS = (3, 16)


def middle(store: EventStore) -> AsOf:
    """A date with a history before it and outcomes after it."""
    first, last = first_day(store), last_day(store)
    assert first is not None
    assert last is not None
    return AsOf.at_midnight((first + last) // 2, store.timezone)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[int, EventStore]:
    """One log, with corrections, in one bucket and in several."""
    folder = tmp_path_factory.mktemp("buckets")
    write_log(folder / "log.parquet", customers=300, seed=5)
    found = {}
    for buckets in (1, *BUCKETS):
        ingest(folder / "log.parquet", folder / str(buckets), buckets=buckets)
        found[buckets] = open_store(folder / str(buckets))
        assert len(found[buckets].buckets) == buckets
    return found


@settings(max_examples=25, deadline=None)
@given(logs(max_size=25), st.sampled_from(BUCKETS))
def test_features_are_those_of_one_bucket(log: Log, buckets: int) -> None:
    """Of all customers and of some, in the same order; also where events were corrected."""
    one, several = shelved(log), shelved(log, buckets=buckets)
    some = np.arange(0, one.n_customers, 2)
    for as_of in log.as_ofs():
        same_bits(feature_table(several, as_of), feature_table(one, as_of))
        same_bits(feature_table(several, as_of, some), feature_table(one, as_of, some))


@pytest.mark.parametrize("buckets", BUCKETS)
def test_files_and_scores_are_those_of_one_bucket(buckets: int, stores: dict[int, EventStore], tmp_path: Path) -> None:
    """The file of features byte by byte, written in chunks of any size, and each score and its parts."""
    one, several = stores[1], stores[buckets]
    for name, store in (("one", one), ("several", several)):
        write_feature_table(store, middle(store), tmp_path / f"{name}.parquet", chunk=70)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "several.parquet").read_bytes()
    chunks = pd.concat([table for _, table in feature_chunks(several, [middle(several)], chunk=41)])
    same_bits(chunks, feature_table(one, middle(one)))
    scores = [score(feature_table(store, middle(store)), load_formula()) for store in (one, several)]
    pd.testing.assert_frame_equal(*scores, check_exact=True)


@pytest.mark.parametrize("buckets", BUCKETS)
def test_what_models_learn_from_is_that_of_one_bucket(buckets: int, stores: dict[int, EventStore]) -> None:
    """Outcomes, the activity of the base, dates, and checks of the log."""
    one, several = stores[1], stores[buckets]
    found = [
        {
            "targets": targets(store, middle(store), [30, 90]).to_csv(),
            "known then": targets(
                store, AsOf.at_midnight(middle(store).day - 60, "UTC"), [30], known_at=middle(store)
            ).to_csv(),
            "activity": {
                name: np.asarray(part).tolist() for name, part in vars(activity(store, middle(store))).items()
            },
            "dates": (first_day(store), last_day(store)),
            "events": events_known(store, log_end(store)),
            "weeks": weekly_purchases(store, log_end(store).day, 8).tolist(),
            "nulls": list(null_share_changes(store, log_end(store).day, 4)),
            "ids": store.customer_ids.to_pylist(),
            "digest": store.manifest["digest"],
        }
        for store in (one, several)
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("buckets", BUCKETS)
def test_events_for_spark_are_those_of_one_bucket(buckets: int, stores: dict[int, EventStore], tmp_path: Path) -> None:
    """In another order, which Spark does not keep."""
    for number in (1, buckets):
        export_events(stores[number], tmp_path / f"{number}.parquet", chunk=50)
    one, several = (pq.read_table(tmp_path / f"{number}.parquet").to_pandas() for number in (1, buckets))
    columns = list(one)
    one, several = (
        table.astype({"customer_id": str}).sort_values(columns, ignore_index=True) for table in (one, several)
    )
    pd.testing.assert_frame_equal(one, several, check_exact=True)
