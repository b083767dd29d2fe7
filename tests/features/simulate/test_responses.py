"""The events of a history: amounts, returns, redemptions and ratings."""

import numpy as np
import pandas as pd
import pytest

from features.schema import RATING_MAXIMUM
from features.simulate import Truth, simulate


@pytest.fixture(scope="module")
def world() -> tuple[pd.DataFrame, pd.DataFrame]:
    log, truth_table = simulate(Truth(references=True, recorded_lag_days=2.0), customers=4_000, seed=11)
    return log.to_pandas(), truth_table


def test_amounts_are_whole_cents_of_purchases_and_returns(world: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Purchases and returns have a positive amount in whole cents, nothing else has one."""
    log = world[0]
    priced = log["event_type"].isin(["purchase", "return"])
    assert log.loc[~priced, "amount"].isna().all()
    cents = log.loc[priced, "amount"] * 100
    assert (cents >= 1).all()
    assert np.abs(cents - cents.round()).max() < 1e-6


def test_ratings_are_in_range_and_only_where_given(world: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Ratings are whole numbers from 0 to the maximum, given at visits that made contact and as feedback."""
    log = world[0]
    for column in ("satisfaction", "loyalty"):
        rated = log[log[column].notna()]
        assert set(rated["event_type"]) == {"visit", "feedback"}
        assert rated[column].between(0, RATING_MAXIMUM).all()
        assert (rated[column] % 1 == 0).all()
        assert not rated["outcome"].isin(["no_contact", "refused"]).any()


def test_returns_follow_purchases(world: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """At no time has a customer given back more than they had bought."""
    log = world[0][world[0]["event_type"].isin(["purchase", "return"])].copy()
    log["cents"] = np.where(log["event_type"] == "purchase", 1, -1) * np.round(log["amount"] * 100)
    balance = log.sort_values("event_time", kind="stable").groupby("customer_id")["cents"].cumsum()
    assert (balance >= 0).all()
    share = (log["event_type"] == "return").sum() / (log["event_type"] == "purchase").sum()
    assert share == pytest.approx(0.05, abs=0.01)


def test_redeemed_incentives_meet_a_purchase(world: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """A redemption is at the time of a purchase, and no more incentives end than were sent."""
    log = world[0]
    redeemed = log[log["outcome"] == "redeemed"][["customer_id", "event_time"]]
    bought = log[log["event_type"] == "purchase"][["customer_id", "event_time"]].drop_duplicates()
    assert len(redeemed) > 100
    assert len(redeemed.merge(bought)) == len(redeemed)
    offers = log[log["event_type"] == "incentive"].sort_values("event_time", kind="stable")
    open_offers = offers["outcome"].map({"sent": 1, "redeemed": -1, "expired": -1})
    assert (open_offers.groupby(offers["customer_id"]).cumsum() >= 0).all()


def test_ratings_show_satisfaction_and_loyalty(world: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Mean ratings are near the customer's levels, and loyalty goes with satisfaction."""
    log, truth_table = world
    rated = log.groupby("customer_id")[["satisfaction", "loyalty"]].mean()
    for rating, level in (("satisfaction", "satisfaction_level"), ("loyalty", "loyalty_level")):
        assert (rated[rating] - truth_table[level]).mean() == pytest.approx(0.0, abs=0.1)
        assert rated[rating].corr(truth_table[level]) > 0.85
    assert rated["loyalty"].corr(rated["satisfaction"]) == pytest.approx(0.6, abs=0.1)


def test_spend_levels_are_met() -> None:
    """Amounts have their customer's mean, and the means that of the Gamma-Gamma model."""
    truth = Truth.plain("none", alpha=10.0, spend_p=4.0, spend_q=5.0, spend_gamma=20.0)
    log, truth_table = simulate(truth, customers=5_000)
    seen = log.to_pandas().groupby("customer_id")["amount"].mean()
    assert truth_table["mean_spend"].mean() == pytest.approx(20.0, rel=0.03)
    assert (seen / truth_table["mean_spend"]).mean() == pytest.approx(1.0, abs=0.01)
