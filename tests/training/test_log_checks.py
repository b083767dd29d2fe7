"""Checks of a log against its own past."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.ingestion.ingest import ingest
from features.store.event_store import EventStore, open_store
from training.log_checks import events_known, null_share_changes, volume_ratios, weekly_purchases
from training.targets import log_end

FIRST = date(2023, 1, 2)


def daily_log(counts: list[int], amount: float | None = 5.0) -> pd.DataFrame:
    """A log with so many purchases on each day."""
    days = np.repeat(np.arange(len(counts)), counts)
    times = [pd.Timestamp(FIRST + timedelta(days=int(day))) for day in days]
    return pd.DataFrame(
        {
            "customer_id": [f"c{number % 40}" for number in range(len(days))],
            "event_time": times,
            "event_type": "purchase",
            "amount": amount,
        }
    )


def stored(log: pd.DataFrame, folder: Path) -> EventStore:
    log.to_parquet(folder / "log.parquet")
    ingest(folder / "log.parquet", folder / "store")
    return open_store(folder / "store")


def first_day(store: EventStore) -> int:
    return int(store.columns["day"].min())


def test_purchases_are_counted_by_whole_weeks_back_from_the_end(tmp_path: Path) -> None:
    """Two weeks of one purchase a day, then one of three a day."""
    store = stored(daily_log([1] * 14 + [3] * 7), tmp_path)
    assert weekly_purchases(store, log_end(store).day, 3).tolist() == [7, 7, 21]


def test_the_volume_of_the_new_weeks_is_a_ratio_to_the_median_of_the_eight_before(tmp_path: Path) -> None:
    """Eight weeks of 14 purchases and one of 7: half the usual volume."""
    store = stored(daily_log([2] * 56 + [1] * 7), tmp_path)
    now, year_ago = volume_ratios(store, first_day(store), log_end(store).day, 1)
    assert now == 0.5
    assert np.isnan(year_ago)


def test_a_log_of_more_than_a_year_knows_the_ratio_of_last_year(tmp_path: Path) -> None:
    """The same quiet week a year ago has the same ratio."""
    year = [2] * 56 + [1] * 7
    store = stored(daily_log(year + [2] * (364 - 63) + year), tmp_path)
    assert volume_ratios(store, first_day(store), log_end(store).day, 1) == (0.5, 0.5)


def test_a_log_without_eight_weeks_before_has_no_usual_volume(tmp_path: Path) -> None:
    """Nothing can be said of a young log."""
    store = stored(daily_log([1] * 40), tmp_path)
    assert np.isnan(volume_ratios(store, first_day(store), log_end(store).day, 1)[0])


def test_a_column_that_turns_null_is_named_with_both_shares(tmp_path: Path) -> None:
    """All amounts of the last week are missing."""
    log = daily_log([10] * 63)
    log.loc[log["event_time"] >= pd.Timestamp(FIRST) + pd.Timedelta(days=56), "amount"] = None
    store = stored(log, tmp_path)
    changes = {(kind, name): shares for kind, name, *shares in null_share_changes(store, log_end(store).day, 1)}
    assert changes == {("purchase", "amount"): [0.0, 1.0]}


def test_few_events_say_nothing_of_null_shares(tmp_path: Path) -> None:
    """A type with fewer than 50 events in the new weeks is left out."""
    store = stored(daily_log([5] * 63), tmp_path)
    assert list(null_share_changes(store, log_end(store).day, 1)) == []


def test_a_replaced_version_of_an_event_is_not_counted(tmp_path: Path) -> None:
    """A correction leaves as many events as before."""
    log = daily_log([1] * 10).assign(reference=[str(number) for number in range(10)])
    log["recorded_at"] = log["event_time"]
    corrected = log.iloc[[0]].assign(amount=9.0, recorded_at=log["event_time"].iloc[5])
    store = stored(pd.concat([log, corrected]), tmp_path)
    assert store.n_events == 11
    assert events_known(store, log_end(store)) == 10
    assert weekly_purchases(store, log_end(store).day, 2).sum() == 10


@pytest.mark.parametrize("weeks", [1, 3])
def test_days_after_the_end_do_not_count(tmp_path: Path, weeks: int) -> None:
    """An earlier end sees the log as it was."""
    store = stored(daily_log([1] * 28), tmp_path)
    assert weekly_purchases(store, log_end(store).day - 7, weeks).tolist() == [7] * weeks
