"""`regulars simulate`: the log and the truth of the library."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from features.simulate import simulate
from tests.cli.conftest import Ended

Regulars = Callable[..., Ended]


def test_the_files_hold_the_log_and_the_truth(regulars: Regulars) -> None:
    """The files equal what `simulate` draws with the same seed; the number of events is told."""
    ended = regulars(
        "simulate", "--customers", 50, "--seed", 3, "--out", "deep/log.parquet", "--truth", "truth.parquet"
    )
    log, truth = simulate(customers=50, seed=3)
    expected = f"{len(log):,} events of 50 customers -> deep/log.parquet\ntheir true parameters -> truth.parquet\n"
    assert ended == (0, "", expected)
    pd.testing.assert_frame_equal(pd.read_parquet("deep/log.parquet"), log.to_pandas(), check_dtype=False)
    pd.testing.assert_frame_equal(pd.read_parquet("truth.parquet").set_index("customer_id"), truth)


def test_a_simulated_log_is_a_log(tmp_path: Path, regulars: Regulars) -> None:
    """A simulated CSV file keeps the contract: every row is taken in."""
    regulars("simulate", "--customers", 50, "--out", "log.csv")
    ended = regulars("ingest", "log.csv", "--out", "store")
    assert ended.code == 0
    assert ", 0 quarantined, 0 duplicates" in ended.error
