"""Incentives: each feature of a short history, worked by hand."""

from tests.features.definitions.histories import event, features, some

HISTORY = (
    event("incentive", 200, channel="coupon", outcome="sent"),
    event("incentive", 180, channel="coupon", outcome="expired"),
    event("incentive", 90, channel="discount", outcome="sent"),
    event("incentive", 60, channel="discount", outcome="redeemed"),
    event("incentive", 30, channel="points", outcome="sent"),
)


def test_counts_by_outcome_and_the_share_redeemed() -> None:
    """Sent, redeemed and expired are counted apart; the share is of those sent."""
    found = features(*HISTORY)
    assert some(found, "incentives_sent incentives_redeemed incentives_expired") == [3, 1, 1]
    assert found["incentive_redemption_share"] == 1 / 3


def test_the_recent_ones_are_those_sent() -> None:
    """A redemption in the last 90 days is none that was sent; it is the last news of an incentive all the same."""
    assert some(features(*HISTORY), "incentives_90 days_since_last_incentive") == [2, 30]
    assert some(features(*HISTORY[:4]), "incentives_90 days_since_last_incentive") == [1, 60]


def test_nulls() -> None:
    """Without an incentive the counts are 0 and the rest null; redeemed without one sent, the share is null."""
    names = "incentives_sent incentives_90 incentive_redemption_share days_since_last_incentive"
    assert some(features(event("usage", 1)), names) == [0, 0, None, None]
    assert some(features(HISTORY[3]), "incentives_redeemed incentive_redemption_share") == [1, None]
