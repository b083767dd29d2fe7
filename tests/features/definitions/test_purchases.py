"""Purchases and returns: each feature of a short history, worked by hand."""

import math
from datetime import datetime

import pytest

from features.definitions import purchases
from features.engines.feature_table import feature_table
from tests.features.definitions.histories import event, features, some
from tests.features.logs import DAY, KIND, Event, Log, day_of, microseconds, shelved


def at(text: str) -> int:
    return microseconds(datetime.fromisoformat(text + "+00:00"))


HISTORY = (
    event("purchase", 400, amount=10.0),
    event("purchase", 363, amount=20.0),
    event("purchase", 300, amount=30.0),
    event("return", 290, amount=6.0),
    event("purchase", 40, amount=40.0),
    event("purchase", 40, amount=2.0),
    event("purchase", 5, amount=8.0),
)
"""Purchase days 400, 363, 300, 40 and 5 days ago: gaps of 37, 63, 260 and 35 days."""


def test_occasions_and_recency() -> None:
    """Two purchases of one day are one occasion; recency runs from the first to the last, T to as_of."""
    found = features(*HISTORY)
    assert some(found, "frequency recency T days_since_last_purchase purchase_days purchase_count") == [
        4,
        395,
        400,
        5,
        5,
        6,
    ]


def test_windows_of_occasions_and_spend() -> None:
    """A window holds the purchases of its last days, each with its amount."""
    found = features(*HISTORY)
    assert [found[f"purchase_days_{w}"] for w in purchases.WINDOWS] == [1, 1, 2, 2, 4]
    assert [found[f"spend_{w}"] for w in purchases.WINDOWS] == [8, 8, 50, 50, 100]


def test_money() -> None:
    """Spend before and after returns, the mean value of a repeat occasion, baskets, and the share returned."""
    found = features(*HISTORY)
    assert some(found, "total_spend net_spend monetary_value") == [110, 104, (100 - 6) / 4]
    assert [found[f"net_spend_{w}"] for w in purchases.WINDOWS] == [8, 8, 50, 50, 94]
    assert some(found, "basket_mean basket_max basket_last") == [110 / 6, 40, 8]
    assert some(found, "return_count return_share unpriced_purchases") == [1, 6 / 110, 0]


def test_a_return_is_of_the_latest_sale_before_it() -> None:
    """monetary_value is less only what was returned of repeat occasions, and never below 0."""
    first, second = event("purchase", 50, amount=100.0), event("purchase", 20, amount=60.0)
    assert features(first, event("return", 50, amount=10.0), second)["monetary_value"] == 60
    assert features(first, event("return", 49, amount=10.0), second)["monetary_value"] == 60
    assert features(first, second, event("return", 19, amount=10.0))["monetary_value"] == 50
    found = features(first, second, event("return", 19, amount=90.0))
    assert some(found, "monetary_value net_spend net_spend_30 unmatched_returns") == [0, 70, 0, 0]


def test_a_day_is_net_while_a_sale_of_it_has_something_left() -> None:
    """A day of which all was returned is a purchase day still, but no net one; so is a free purchase."""
    log = [event("purchase", 9.5, amount=5.0), event("purchase", 9.4, amount=3.0), event("purchase", 40, amount=2.0)]
    names = "purchase_days_30 net_purchase_days_30 net_purchase_days_90 net_spend_30 frequency unmatched_returns"
    assert some(features(*log), names) == [1, 1, 2, 8, 1, 0]
    assert some(features(*log, event("return", 8, amount=7.5)), names) == [1, 1, 2, 0.5, 1, 0]
    assert some(features(*log, event("return", 8, amount=8.0)), names) == [1, 0, 1, 0, 1, 0]
    assert some(features(*log, event("return", 8, amount=11.0)), names) == [1, 0, 0, 0, 1, 1]
    assert some(features(event("purchase", 9, amount=0.0)), names) == [1, 0, 0, 0, 0, 0]


def test_what_finds_no_sale_is_counted_and_not_subtracted() -> None:
    """A return without or before any purchase, of more than was bought, or without an amount; not one of 0."""
    bought = event("purchase", 9, amount=5.0)
    names = "net_spend net_purchase_days_30 unmatched_returns return_count"
    assert some(features(event("return", 5, amount=20.0)), names) == [0, 0, 1, 1]
    assert some(features(event("return", 10, amount=2.0), bought), names) == [5, 1, 1, 1]
    assert some(features(bought, event("return", 9, amount=6.0)), names) == [0, 0, 1, 1]
    assert some(features(bought, event("return", 8)), names) == [5, 1, 1, 1]
    assert some(features(bought, event("return", 8, amount=0.0)), names) == [5, 1, 0, 1]


def test_a_purchase_without_an_amount_has_nothing_to_charge() -> None:
    """The return goes to the sale before it, and the day counts."""
    log = [event("purchase", 9, amount=5.0), event("purchase", 3), event("return", 2, amount=5.0)]
    names = "net_spend net_purchase_days_7 net_purchase_days_30 unmatched_returns"
    assert some(features(*log), names) == [0, 1, 1, 0]


def test_gaps() -> None:
    """Mean, median, deviation, longest and last gap, and the time since the last purchase in mean gaps."""
    found = features(*HISTORY)
    assert some(found, "gap_mean gap_median gap_max gap_last") == [395 / 4, (37 + 63) / 2, 260, 35]
    assert found["overdue_ratio"] == 5 * 4 / 395
    mean = 395 / 4
    deviation = math.sqrt(sum((gap - mean) ** 2 for gap in (37, 63, 260, 35)) / 3)
    assert found["gap_std"] == pytest.approx(deviation, rel=1e-15)


def test_trend_and_a_year_ago() -> None:
    """The last 90 days less the 90 before, and the weeks and the quarter that began 364 days ago."""
    found = features(*HISTORY, event("purchase", 100), event("purchase", 101))
    assert some(found, "purchase_trend purchase_days_year_ago_28 purchase_days_year_ago_91") == [2 - 2, 1, 2]


def test_nulls() -> None:
    """Without a purchase, a repeat, a second gap or an amount the features that need one are null, counts are 0."""
    nothing = features(event("usage", 3))
    assert some(nothing, "T days_since_last_purchase gap_mean basket_mean return_share") == [None] * 5
    assert some(nothing, "frequency recency purchase_days purchase_count total_spend") == [0] * 5
    once = features(event("purchase", 30, amount=5.0))
    assert some(once, "T monetary_value gap_last overdue_ratio gap_std") == [30, None, None, None, None]
    twice = features(event("purchase", 30), event("purchase", 10))
    assert some(twice, "gap_mean gap_std monetary_value basket_mean unpriced_purchases") == [20, None, None, None, 2]


@pytest.mark.parametrize(("age", "windows"), [(7, (7, 30)), (8, (30,)), (30, (30,)), (31, ()), (0, (7, 30))])
def test_a_window_is_its_days_before_as_of(age: int, windows: tuple[int, ...]) -> None:
    """The window of w days holds the days as_of - w on, and as_of's own up to its moment."""
    time = at("2024-06-10T12:00") - age * DAY - 1
    store = shelved(Log([Event("a", time, KIND["purchase"], cents=250)], "UTC", datetime(2024, 6, 10).date()))
    found = feature_table(store, "2024-06-10T12:00").loc["a"]
    assert [w for w in (7, 30) if found[f"purchase_days_{w}"]] == list(windows)
    assert [w for w in (7, 30) if found[f"spend_{w}"] == 2.5] == list(windows)
    assert found["days_since_last_purchase"] == found["T"] == age


def test_a_year_ago_is_the_same_weekday() -> None:
    """The 28 and 91 days a year ago begin 364 days before as_of, a whole number of weeks."""
    base = at("2024-06-10T12:00")
    ages = (365, 364, 337, 336, 274, 273)
    events = [Event(str(age), base - age * DAY, KIND["purchase"]) for age in ages]
    found = feature_table(shelved(Log(events, "UTC", datetime(2024, 6, 10).date())), "2024-06-10")
    assert found.loc[[str(a) for a in ages], "purchase_days_year_ago_28"].tolist() == [0, 1, 1, 0, 0, 0]
    assert found.loc[[str(a) for a in ages], "purchase_days_year_ago_91"].tolist() == [0, 1, 1, 1, 1, 0]


def test_the_business_zone_decides_the_day() -> None:
    """Two purchases around midnight in New York are two occasions there and one in UTC."""
    times = (at("2024-06-10T03:30"), at("2024-06-10T04:30"))
    events = [Event("a", time, KIND["purchase"], cents=1) for time in times]
    assert [day_of(time, "America/New_York") for time in times] == [19883, 19884]
    for zone, occasions in (("America/New_York", 2), ("UTC", 1)):
        found = feature_table(shelved(Log(events, zone, datetime(2024, 6, 10).date())), "2024-06-12")
        assert found["purchase_days"].tolist() == [occasions]
