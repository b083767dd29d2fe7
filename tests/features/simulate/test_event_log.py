"""A simulated log keeps the contract and can be streamed."""

from pathlib import Path

import pandas as pd
import pyarrow.csv
import pyarrow.parquet
import pytest

from features.schema import (
    GOALS,
    INCENTIVE_CHANNELS,
    INCENTIVE_OUTCOMES,
    LOG_COLUMN_NAMES,
    VISIT_CHANNELS,
    VISIT_OUTCOMES,
)
from features.simulate import LOG_SCHEMA, Truth, blocks, simulate, write_log


@pytest.fixture(scope="module")
def world() -> tuple[pd.DataFrame, pd.DataFrame]:
    log, truth_table = simulate(Truth(references=True, recorded_lag_days=2.0), customers=4_000, seed=11)
    return log.to_pandas(), truth_table


def test_same_arguments_give_the_same_world() -> None:
    """Equal arguments give equal tables; another seed gives others."""
    log, truth_table = simulate(customers=300, seed=5, block=300)
    again, again_table = simulate(customers=300, seed=5, block=300)
    other, _ = simulate(customers=300, seed=6, block=300)
    assert log.equals(again)
    pd.testing.assert_frame_equal(truth_table, again_table)
    assert not log.equals(other)


def test_a_customer_is_the_same_in_a_larger_world() -> None:
    """With the same block size the first customers of a larger simulation are those of a smaller one."""
    truth = Truth(references=True, recorded_lag_days=1.0)
    log, truth_table = simulate(truth, customers=700, seed=3, block=500)
    larger, larger_table = simulate(truth, customers=1_300, seed=3, block=500)
    frame = larger.to_pandas()
    same = frame[frame["customer_id"].isin(truth_table.index)].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, log.to_pandas())
    pd.testing.assert_frame_equal(larger_table.iloc[:700], truth_table)


def test_columns_are_those_of_the_contract(world: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """All columns of the event contract but two are there, and references and lags are null unless asked for."""
    assert [*world[0].columns] == [name for name in LOG_COLUMN_NAMES if name not in ("sale_reference", "plan_item")]
    log, truth_table = simulate(customers=50, block=50)
    assert log.schema == LOG_SCHEMA
    assert log["reference"].null_count == log["recorded_at"].null_count == log.num_rows
    assert set(log["customer_id"].to_pylist()) == set(truth_table.index)


VALUES = {
    "purchase": ("channel",),
    "return": ("channel",),
    "visit": ("channel", "goal", "content", "outcome"),
    "feedback": ("channel",),
    "usage": ("channel",),
    "incentive": ("channel", "outcome"),
}
ALLOWED = {
    ("visit", "channel"): set(VISIT_CHANNELS),
    ("visit", "goal"): set(GOALS),
    ("visit", "content"): {"needs", "satisfaction_survey", "loyalty_survey"},
    ("visit", "outcome"): set(VISIT_OUTCOMES),
    ("incentive", "channel"): set(INCENTIVE_CHANNELS),
    ("incentive", "outcome"): set(INCENTIVE_OUTCOMES),
}


@pytest.mark.parametrize("event_type", VALUES)
def test_texts_are_those_of_the_contract(event_type: str, world: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Each event type has every value the contract allows, no other, and leaves the rest null."""
    events = world[0][world[0]["event_type"] == event_type]
    for column in ("channel", "goal", "content", "outcome"):
        if column not in VALUES[event_type]:
            assert events[column].isna().all()
        else:
            assert events[column].notna().all()
            allowed = ALLOWED.get((event_type, column))
            assert allowed is None or set(events[column]) == allowed


def test_customers_come_before_their_events(world: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """The first event is the first purchase; signs of life end on leaving; the log has its span."""
    log, truth_table = world
    joined = log.join(truth_table, on="customer_id")
    assert (joined["event_time"] >= joined["first_purchase"]).all()
    assert (joined.groupby("customer_id")["event_time"].min() == truth_table["first_purchase"]).all()
    signs = joined[joined["event_type"].isin(["purchase", "usage", "feedback"])]
    assert (signs["alive_until"].isna() | (signs["event_time"] <= signs["alive_until"])).all()
    assert log["event_time"].min() >= pd.Timestamp("2023-01-01")
    assert log["event_time"].max() < pd.Timestamp("2023-01-01") + pd.Timedelta(days=Truth().days)
    assert (log.loc[log["event_type"] == "visit", "event_time"].dt.day_of_week < 5).all()


def test_references_and_lags_when_asked_for(world: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """A reference names one event of a type; an event is recorded after it happened, by the mean lag."""
    log = world[0]
    assert not log.duplicated(["event_type", "reference"]).any()
    lag = (log["recorded_at"] - log["event_time"]).dt.total_seconds() / 86_400
    assert lag.min() >= 0
    assert lag.mean() == pytest.approx(2.0, rel=0.03)


def test_about_fifteen_events_of_all_types(world: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """By default a customer has about 15 events, and no type is rare enough to be missed."""
    log, truth_table = world
    assert len(log) / len(truth_table) == pytest.approx(15, abs=2)
    assert log["event_type"].value_counts(normalize=True).min() > 0.01


def test_written_log_is_the_simulated_one(tmp_path: Path) -> None:
    """The streamed Parquet and CSV files hold the rows of `simulate`, and progress counts the customers."""
    counted: list[int] = []
    written = write_log(
        tmp_path / "log.parquet", customers=250, seed=2, block=100, truth_path=tmp_path / "truth.parquet",
        progress=counted.append,
    )  # fmt: skip
    log, truth_table = simulate(customers=250, seed=2, block=100)
    assert counted == [100, 200, 250]
    assert written == log.num_rows
    assert pyarrow.parquet.read_table(tmp_path / "log.parquet").cast(LOG_SCHEMA).equals(log)
    stored = pd.read_parquet(tmp_path / "truth.parquet").set_index("customer_id")
    pd.testing.assert_frame_equal(stored, truth_table)

    write_log(tmp_path / "log.csv", customers=250, seed=2, block=100)
    text = pyarrow.csv.read_csv(
        tmp_path / "log.csv",
        convert_options=pyarrow.csv.ConvertOptions(column_types=LOG_SCHEMA, strings_can_be_null=True),
    )
    assert text.equals(log)


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    """What was there before stays when writing stops half way, and no part of a file is left."""
    path = tmp_path / "log.parquet"
    path.write_text("old")

    def stop(done: int) -> None:
        raise KeyboardInterrupt(done)

    with pytest.raises(KeyboardInterrupt):
        write_log(path, customers=20, block=10, progress=stop)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_blocks_stream() -> None:
    """Blocks come one by one with their customers, without any being made before it is asked for."""
    stream = blocks(customers=10**9, block=50)
    log, truth_table = next(stream)
    assert truth_table.num_rows == 50
    assert set(log["customer_id"].to_pylist()) <= set(truth_table["customer_id"].to_pylist())
