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


def test_a_world_is_a_preset_or_a_file(tmp_path: Path, regulars: Regulars) -> None:
    """`--world` draws from a preset or from parameters in TOML, and a faulty file is a bad argument."""
    (tmp_path / "plain.toml").write_text("days = 200\nacquisition_days = 50\nvisits = []\n")
    for name, columns in ((tmp_path / "plain.toml", 12), ("travel", 13)):
        ended = regulars("simulate", "--customers", 30, "--world", name, "--out", "log.parquet")
        assert ended.code == 0
        log = pd.read_parquet("log.parquet")
        assert len(log.columns) == columns
        assert log["event_type"].eq("visit").any() == (name == "travel")
    (tmp_path / "faulty.toml").write_text("dayz = 3\n")
    for name in (tmp_path / "faulty.toml", "retial"):
        ended = regulars("simulate", "--customers", 30, "--world", name, "--out", "log.parquet")
        assert ended.code == 2
        assert "Invalid value for --world" in ended.error
