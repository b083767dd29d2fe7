"""Weekly counts end at the cutoff and know nothing of later days; lag features follow from the weeks so far alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.models.purchases.weekly_history import HALF_LIVES, MAX_WEEKS, WeeklyCounts, histories
from training.models.window import PurchaseDays

DAY = 1_000
CUSTOMERS = 4


@st.composite
def purchase_days(draw, first=0, last=DAY + 60):
    """Distinct days of each customer, who all bought before the cutoff."""
    rows = [(customer, draw(st.integers(first, DAY - 1))) for customer in range(CUSTOMERS)]
    rows += draw(st.lists(st.tuples(st.integers(0, CUSTOMERS - 1), st.integers(first, last)), max_size=60))
    customer, day = np.array(sorted(set(rows))).T
    return PurchaseDays(customer, day)


@given(purchase_days())
def test_weeks_are_counted_back_from_the_cutoff(purchases):
    """As by hand, for each customer and week; the first week is that of the first purchase."""
    weekly = WeeklyCounts.before(DAY, purchases, np.arange(CUSTOMERS))
    weeks = weekly.counts.shape[1]
    for customer in range(CUSTOMERS):
        days = purchases.day[(purchases.customer == customer) & (purchases.day < DAY)]
        for week in range(weeks):
            start = DAY - 7 * (weeks - week)
            assert weekly.counts[customer, week] == ((days >= start) & (days < start + 7)).sum()
        assert weekly.first[customer] == max(weeks - 1 - (DAY - 1 - days.min()) // 7, 0)
    assert weeks <= MAX_WEEKS


@given(purchase_days(), st.lists(st.integers(0, CUSTOMERS - 1), min_size=1, unique=True))
def test_days_after_the_cutoff_and_other_customers_change_nothing(purchases, customers):
    """The same table from the past of the chosen customers alone."""
    kept = (purchases.day < DAY) & np.isin(purchases.customer, customers)
    alone = PurchaseDays(purchases.customer[kept], purchases.day[kept])
    of_all = WeeklyCounts.before(DAY, purchases, np.array(customers))
    of_kept = WeeklyCounts.before(DAY, alone, np.array(customers))
    np.testing.assert_array_equal(of_all.counts, of_kept.counts)
    np.testing.assert_array_equal(of_all.first, of_kept.first)


@given(purchase_days(first=DAY - 200), st.integers(1, 20))
def test_features_know_the_weeks_so_far_alone(purchases, later):
    """They are finite, and other counts in later weeks leave them as they are."""
    weekly = WeeklyCounts.before(DAY, purchases, np.arange(CUSTOMERS))
    changed = weekly.counts.copy()
    changed[:, -later:] = 7 - changed[:, -later:]
    both = (histories(WeeklyCounts(counts, weekly.first), 3, 0.5, 4.0) for counts in (weekly.counts, changed))
    for (week, history), (_, other) in zip(*both, strict=True):
        assert np.isfinite(history.features()).all()
        if week < weekly.counts.shape[1] - later:
            np.testing.assert_array_equal(history.features(), other.features())


def test_features_of_one_customer_by_hand():
    """First bought in the second of six weeks, again twice in the fourth: one gap of two weeks, two weeks of quiet."""
    counts = np.array([[0.0, 1.0, 0.0, 2.0, 0.0, 0.0]])
    *_, (_, history) = histories(WeeklyCounts(counts, np.array([1])), 0, r=1.0, alpha=3.0)
    rate = (2 + 1) / (5 + 3)
    decay = 0.5 ** (1 / HALF_LIVES)
    means = (2 * decay**2 + 2 * rate) / ((1 - decay**5) / (1 - decay) + 2)
    expected = [np.log(rate), *np.log(means / rate), np.log(3), np.log1p(2 * rate), np.log(3), np.log(5)]
    expected += [np.log((2 + 2 / rate) / 3), 0.8, 1.0]
    assert history.features()[0] == pytest.approx(expected)
