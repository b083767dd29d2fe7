"""On Spark a base of 200,000 customers has the store, the features and the scores that it has on one machine."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.engines.spark_session import spark_runner, spark_session
from features.engines.spark_shuffle import spark_workers
from features.ingestion.ingest import ingest
from features.loyalty.formula import load_formula
from features.partitions.feature_parts import write_feature_parts
from features.partitions.folder import date_folder
from features.simulate import Truth, write_log
from features.store.event_store import open_store
from serving.batch import write_scores
from serving.batch_forecasts import Forecasts
from serving.batch_parts import write_score_parts
from tests.features.ingestion.workers import contents
from tests.needing_spark import with_spark
from tests.training.stand_in import customer_model

CUSTOMERS, FILES = 200_000, 4
DATES = ["2024-01-01", "2024-12-01T09:30:00+01:00", "2025-12-31"]


def sources(folder: Path) -> list[Path]:
    """Write files of one log whose rows are shuffled, some with later versions elsewhere, and one of faulty rows."""
    folder.mkdir()
    write_log(folder / "log.parquet", truth=Truth(recorded_lag_days=10.0), customers=CUSTOMERS, seed=5)
    log = pq.read_table(folder / "log.parquet")
    (folder / "log.parquet").unlink()
    references = pa.array([f"R{number}" for number in range(len(log))])
    log = log.set_column(log.schema.get_field_index("reference"), "reference", references)
    order = np.random.default_rng(5).permutation(len(log))
    repeated = order[:9_000]
    for number, rows in enumerate(np.array_split(np.concatenate([order, repeated]), FILES)):
        pq.write_table(log.take(rows), folder / f"{number}.parquet")
    lines = [f"C{row % 900:07},2024-01-{1 + row % 40:02},purchase,{row % 500 - 5},R{row}\n" for row in range(1_000)]
    (folder / "more.csv").write_text("customer_id,event_time,event_type,amount,reference\n" + "".join(lines))
    return sorted(folder.iterdir())


@with_spark
@pytest.mark.timeout(1200)
def test_spark_is_one_machine(tmp_path: Path) -> None:
    """Quarantine, duplicates and features at three dates to the bit, scores to 1e-9."""
    logs, here, there, rule = sources(tmp_path / "sources"), tmp_path / "here", tmp_path / "there", load_formula()
    forecasts = Forecasts(customer_model(), "1", 90)
    report = ingest(logs, here / "store", buckets=8, accept_quarantine=True)
    store = open_store(here / "store")
    with spark_session() as session:
        run = spark_runner(session)
        workers = spark_workers(session)
        assert ingest(logs, there / "store", buckets=8, accept_quarantine=True, workers=workers) == report
        rows = write_feature_parts(open_store(there / "store"), DATES, there / "features", run)
        write_score_parts(open_store(there / "store"), DATES[-1:], rule, there / "scores", forecasts, run=run)
    assert report.quarantined
    assert report.duplicates
    assert contents(there / "store") == contents(here / "store")
    assert rows == write_feature_parts(store, DATES, here / "features")
    for part in (here / "features").rglob("*.parquet"):
        assert (there / part.relative_to(here)).read_bytes() == part.read_bytes()
    write_scores(store, DATES[-1], rule, here / "scores.parquet", forecasts)
    expected = pd.read_parquet(here / "scores.parquet").set_index("customer_id")
    scores = pq.read_table(date_folder(there / "scores", DATES[-1]), partitioning=None).to_pandas()
    scores = scores.set_index("customer_id").loc[expected.index]
    assert len(scores) == len(expected) > CUSTOMERS * 0.9
    numbers = expected.select_dtypes("number").columns
    assert np.allclose(scores[numbers], expected[numbers], rtol=1e-9, atol=0, equal_nan=True)
    pd.testing.assert_frame_equal(scores.drop(columns=numbers), expected.drop(columns=numbers))
