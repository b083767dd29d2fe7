"""The tables of the accuracy benchmark."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.accuracy_cache import Case
from benchmarks.accuracy_tables import markdown, one_time_buyers, silent_customers


def cases():
    """Return two horizons of one date: ten frequent buyers, the last silent longest, and ten one-time buyers."""
    index = pd.Index([f"C{i:02}" for i in range(20)])
    silence = np.tile(np.arange(10), 2)
    days = np.repeat([20.0, 1.0], 10)
    features = pd.DataFrame({"days_since_last_purchase": silence, "purchase_days": days, "T": 99.0}, index=index)
    purchases = pd.Series(np.append(9 - np.arange(10), [0] * 6 + [1] * 4), index)
    made = pd.DataFrame(
        {"expected_purchases": 5.0, "churn_probability": np.repeat([0.1, 0.7], 10), "low": 0, "high": 9}, index
    )
    return [Case("log", "2024-01-01", days, features, purchases, {"ours": made}) for days in (30, 90)]


def test_frequent_buyers_are_grouped_by_silence_in_own_gaps():
    """Only customers with many purchases count, once for the date, in groups from the latest to the longest silent."""
    table = silent_customers(cases(), ["ours", "absent"], groups=5).loc["log"]
    assert table["customers"].tolist() == [2] * 5
    assert table["silence"].tolist() == pytest.approx([0.1, 0.5, 0.9, 1.3, 1.7])
    assert table["purchases"].tolist() == [8.5, 6.5, 4.5, 2.5, 0.5]
    assert table["ours"].tolist() == [5.0] * 5
    assert "absent" not in table


def test_one_time_buyers_show_what_came_beside_what_was_forecast():
    """Of ten customers with one purchase day six did not buy again; ours said .7."""
    row = one_time_buyers(cases(), ["ours"]).loc[("log", "2024-01-01", 30)]
    assert (row["customers"], row["none"]) == (10, 0.6)
    assert row["ours"] == pytest.approx(0.7)


def test_markdown_has_a_row_for_each_row_and_leaves_null_empty():
    """Numbers are aligned to the right, and a missing one is an empty cell."""
    table = pd.DataFrame({"a": [1.23456, np.nan], "b": ["x", "y"]}, pd.Index([1, 2000], name="n"))
    assert markdown(table).splitlines() == ["| n | a | b |", "|---:|---:|---|", "| 1 | 1.235 | x |", "| 2,000 |  | y |"]
