"""The logs of the accuracy benchmark."""

from datetime import date, timedelta

import pandas as pd
import pytest

from benchmarks.accuracy_logs import REAL, Log, baskets, store_of
from training.targets import log_end


def test_a_basket_is_one_purchase_at_its_first_line():
    """Lines of a basket add up, and a basket of which nothing was paid is no purchase."""
    lines = pd.DataFrame(
        {
            "household_id": [1, 1, 2],
            "basket_id": [10, 10, 11],
            "sales_value": [1.25, 2.5, 0.0],
            "transaction_timestamp": pd.to_datetime(["2017-01-01 09:02", "2017-01-01 09:01", "2017-01-01 10:00"]),
        }
    )
    (row,) = baskets(lines).to_dict("records")
    assert row == {
        "customer_id": "1",
        "event_time": pd.Timestamp("2017-01-01 09:01"),
        "event_type": "purchase",
        "amount": 3.75,
        "reference": "10",
    }


def test_a_log_that_is_not_at_hand_has_no_store(tmp_path):
    """Nothing is kept of it, so that it is read when the data are there."""
    absent = Log("absent", lambda target, data: False, {})
    assert store_of(absent, tmp_path / "cache", tmp_path) is None
    assert not (tmp_path / "cache" / "store").exists()


@pytest.mark.parametrize("log", REAL, ids=[log.name for log in REAL])
def test_every_horizon_is_over_by_the_end_of_the_log(log, tmp_path):
    """The log, where it is at hand, reaches the end of every horizon."""
    store = store_of(log, tmp_path / "cache", tmp_path)  # Online Retail II alone comes with the project
    if store is None:
        assert log.name != "online_retail_ii"
        return
    end = date(1970, 1, 1) + timedelta(log_end(store).day)
    for start, horizons in log.windows.items():
        assert date.fromisoformat(start) + timedelta(max(horizons)) <= end
