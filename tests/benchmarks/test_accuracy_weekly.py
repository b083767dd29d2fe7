"""Weekly counts before a cutoff."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.accuracy_weekly import BEFORE, MOST_WEEKS, counted

DAY = 20_000
DAYS = st.lists(st.tuples(st.integers(-1, 4), st.integers(1, 900)), min_size=1, max_size=60, unique=True)


@given(DAYS)
def test_every_purchase_day_counts_in_its_week_and_none_before_the_first(occasions):
    """The counts are those of a loop over the purchase days, and weeks before the first are marked."""
    rows, back = (np.array(values) for values in zip(*occasions, strict=True))
    counts = counted(rows, DAY - back, 5, DAY).counts
    for customer in range(5):
        own = [(days - 1) // 7 for row, days in occasions if row == customer]
        for week in range(counts.shape[1]):
            ago = counts.shape[1] - 1 - week
            if own and ago <= max(own):
                assert counts[customer, week] == own.count(ago)
            elif own or ago:
                assert counts[customer, week] == BEFORE


def test_a_long_log_keeps_the_latest_weeks():
    """Of more weeks than are kept the latest are, and a customer of before them is one from the first of them on."""
    weekly = counted(np.array([0, 0]), np.array([DAY - 1, DAY - 7 * (MOST_WEEKS + 5)]), 1, DAY)
    assert weekly.counts.shape == (1, MOST_WEEKS)
    assert weekly.counts[0].tolist() == [0] * (MOST_WEEKS - 1) + [1]


def test_weeks_of_the_year_follow_the_calendar():
    """2024-12-31 begins the last week of the year, and the week after it is the first of the next."""
    day = int(np.datetime64("2025-01-07", "D").astype(int))
    weekly = counted(np.array([0]), np.array([day - 1]), 1, day)
    assert weekly.calendar(-1, 2).tolist() == [52, 0, 1]
