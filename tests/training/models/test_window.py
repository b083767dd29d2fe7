"""The training data of a simulated shop: outcomes are aligned with the features, and activity with the log."""

import numpy as np


def test_outcomes_have_a_row_for_each_customer(windows):
    """Counts and currency of every horizon, none negative, and no currency without a purchase."""
    for window in (windows.now, *windows.earlier):
        assert list(window.spend) == list(window.purchases)
        for days, purchases in window.purchases.items():
            assert len(purchases) == len(window.spend[days]) == len(window.features)
            assert (purchases >= 0).all()
            assert (window.spend[days][purchases == 0] <= 0).all()


def test_longer_horizons_hold_shorter_ones(windows):
    """No customer has fewer purchases in more days."""
    for window in windows.earlier:
        counts = [window.purchases[days] for days in sorted(window.purchases)]
        assert (np.diff(counts, axis=0) >= 0).all()


def test_activity_counts_every_purchase_occasion_before_the_cutoff(windows):
    """First purchases are as many as customers; all occasions are those of the feature table."""
    features, activity = windows.now.features, windows.past
    assert activity.new.sum() == len(features)
    assert activity.new.sum() + activity.repeat.sum() == features["purchase_days"].sum()
    assert activity.first_day + len(activity.new) == windows.now.day


def test_activity_until_a_day_knows_nothing_later(windows):
    """What came afterwards is cut off; before the first day there is nothing."""
    activity = windows.past
    until = activity.until(activity.first_day + 10)
    assert (until.first_day, len(until.new), len(until.repeat)) == (activity.first_day, 10, 10)
    assert len(activity.until(activity.first_day - 5).new) == 0
