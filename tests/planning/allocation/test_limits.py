"""Limits: what options take from the pools, and how much there is."""

import msgspec
import numpy as np
import pandas as pd
import pytest

from planning.allocation.limits import binding, make_limits, with_budget, with_days
from planning.catalogue.actions import Action, Catalogue, Minimum, Pool

VISIT = Action("visit", "visit", "face_to_face", 0.2, 0.1, minutes=60, pools=("hours", "calls", "budget"))
OFFER = Action("offer", "incentive", "coupon", 0.2, 0.1, cost=1, pools=("budget",))
POOLS = (Pool("hours", "minutes", 600, "rep"), Pool("calls", "contacts", 4, "day"), Pool("budget", "currency", 50))
CATALOGUE = Catalogue("1", "EUR", 0.4, 90, POOLS, (VISIT, OFFER), working_days=4)
OPTIONS = pd.DataFrame(
    {
        "action": ["visit", "offer", "visit", "offer"],
        "rep": ["R2", "R2", "R1", None],
        "minutes": [60.0, 0.0, 60.0, 0.0],
        "cost_expected": [2.0, 3.5, 2.5, 4.0],
    }
)


def test_usage_and_capacity() -> None:
    """A rep's minutes by rep, contacts of a day times the working days, expected cost."""
    limits = make_limits(OPTIONS, CATALOGUE)
    assert limits.table["limit"].tolist() == ["hours of R1", "hours of R2", "calls", "budget"]
    assert limits.capacity.tolist() == [600, 600, 16, 50]
    expected = [[0, 60, 1, 2], [0, 0, 0, 3.5], [60, 0, 1, 2.5], [0, 0, 0, 4]]
    assert np.array_equal(limits.usage.toarray(), expected)
    assert limits.minimum is None


def test_a_minimum_is_a_row_of_its_own() -> None:
    """A share of all reps' hours for one goal."""
    catalogue = msgspec.structs.replace(CATALOGUE, minimums=(Minimum("satisfaction", "hours", 0.25),))
    goals = pd.Series(["satisfaction", "", "purchase_count", ""])
    limits = make_limits(OPTIONS, catalogue, goals)
    assert limits.table["limit"].iloc[-1] == "at least 25% of hours for satisfaction"
    assert limits.minimum is not None
    assert limits.minimum[-1] == 300
    assert limits.capacity[-1] == np.inf
    assert limits.usage.toarray()[:, -1].tolist() == [60, 0, 0, 0]


def test_another_budget() -> None:
    """Takes the place of the pool of currency; without one, every action takes from a new one."""
    assert with_budget(CATALOGUE, None) is CATALOGUE
    assert with_budget(CATALOGUE, 80).pool("budget").amount == 80
    bare = msgspec.structs.replace(CATALOGUE, pools=(), actions=(msgspec.structs.replace(OFFER, pools=()),))
    found = with_budget(bare, 7)
    assert found.pool("budget").amount == 7
    assert found.action("offer").pools == ("budget",)
    assert make_limits(OPTIONS[OPTIONS["action"] == "offer"], found).usage.sum() == pytest.approx(7.5)


def test_a_week_that_has_begun() -> None:
    """Minutes are less pro rata, contacts a day are those of the days left, and money stays."""
    pools = (
        Pool("hours", "minutes", 500, "rep"),
        Pool("calls", "contacts", 10.5, "day"),
        Pool("budget", "currency", 30),
    )
    catalogue = msgspec.structs.replace(CATALOGUE, pools=pools)
    assert with_days(catalogue, 4) is catalogue
    remaining = with_days(catalogue, 2)
    assert [pool.amount for pool in remaining.pools] == [250, 10.5, 30]
    capacity = make_limits(OPTIONS, remaining).table.set_index("limit")["capacity"]
    assert capacity["calls"] == 20
    assert capacity["budget"] == 30


def test_no_options_and_no_pools() -> None:
    """Nothing to limit."""
    assert make_limits(OPTIONS[:0], CATALOGUE).usage.shape == (0, 2)
    assert make_limits(OPTIONS, msgspec.structs.replace(CATALOGUE, pools=())).usage.shape == (4, 0)


def test_the_limit_that_binds() -> None:
    """That of which the option takes what is worth most; none where nothing is scarce."""
    limits = make_limits(OPTIONS, CATALOGUE)
    found = binding(limits, np.array([0, 1, 2]), np.array([0.0, 0.1, 0.0, 1.0]))
    assert found == ["hours of R2", "budget", "budget"]
    assert binding(limits, np.array([0]), np.zeros(4)) == [None]
