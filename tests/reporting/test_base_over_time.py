"""The base over time: equal to a count of each customer's events by hand, and blind to what comes later."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.loyalty.formula import load_formula
from features.loyalty.scoring import score
from reporting.base_over_time import MOST_DATES, NONE, STEP_DAYS, UNKNOWN, base_over_time, cohort_table
from tests.reporting.conftest import AS_OF
from tests.training.logs import cut, stored


@pytest.fixture(scope="module")
def base(shop):
    return base_over_time(shop, AsOf.parse(AS_OF, shop.timezone), load_formula())


@pytest.fixture(scope="module")
def purchases(log) -> dict[str, list[date]]:
    """The days on which each customer bought, read from the log itself."""
    days = defaultdict(set)
    for row in log.select(["customer_id", "event_type", "event_time"]).to_pylist():
        if row["event_type"] == "purchase":
            days[row["customer_id"]].add(row["event_time"].date())
    return {customer: sorted(found) for customer, found in days.items()}


def test_dates_go_back_from_the_cutoff(base):
    """The last is the cutoff, the others are so many days apart, and there are not too many."""
    days = pd.to_datetime(base.indices["as_of"])
    assert str(days.iloc[-1].date()) == AS_OF
    assert (days.diff().dropna() == timedelta(days=STEP_DAYS)).all()
    assert len(days) <= MOST_DATES


def test_bands_and_moves_are_those_of_each_customer(base, shop):
    """Sizes and moves between bands equal a count over the scores of every date, customer by customer."""
    days = base.indices["as_of"].tolist()
    bands = {}
    for day in days:
        found = score(feature_table(shop, day), load_formula())["band"]
        bands[day] = {name: NONE if pd.isna(band) else str(band) for name, band in found.items()}
    groups = base.groups[base.groups["kind"] == "band"].set_index(["as_of", "group"])
    for day in days:
        counted = Counter(bands[day].values())
        assert {name: int(n) for name, n in groups.loc[day, "customers"].items() if n} == dict(counted)
    moves = base.moves[base.moves["kind"] == "band"]
    for since, as_of in pairwise(days):
        counted = Counter((bands[since].get(name, UNKNOWN), band) for name, band in bands[as_of].items())
        rows = moves[(moves["since"] == since) & (moves["as_of"] == as_of)]
        assert (
            dict(zip(zip(rows["from_group"], rows["to_group"], strict=True), rows["customers"], strict=True)) == counted
        )


def test_sizes_follow_from_moves(base):
    """Of bands and segments: who is in a group at a date came from somewhere; nobody comes or goes unseen."""
    for kind in ("band", "segment"):
        sizes = base.groups[base.groups["kind"] == kind].set_index(["as_of", "group"])["customers"]
        came = base.moves[base.moves["kind"] == kind].groupby(["as_of", "to_group"])["customers"].sum()
        for (as_of, group), customers in sizes.items():
            if as_of != base.indices["as_of"].iloc[0]:
                assert came.get((as_of, group), 0) == customers


def test_who_moved_is_named(base):
    """The customers named are those counted off the diagonal at the last date, less those not known before."""
    last = base.moves[(base.moves["as_of"] == AS_OF) & (base.moves["from_group"] != UNKNOWN)]
    for kind in ("band", "segment"):
        rows = last[(last["kind"] == kind) & (last["from_group"] != last["to_group"])]
        moved = base.moved[base.moved[f"{kind}_before"] != base.moved[f"{kind}_now"]]
        assert len(moved) == rows["customers"].sum()
    assert base.moved["customer_id"].is_unique


def test_retention_is_that_of_the_log(base, purchases):
    """Each cohort's size and each period's buyers equal a count over the purchase days in the log."""
    days = [date.fromisoformat(day) for day in base.indices["as_of"]]
    periods = list(pairwise(days))
    counted = {}
    for number, (begin, end) in enumerate(periods):
        cohort = [found for found in purchases.values() if begin <= found[0] < end]
        for later, (start, stop) in enumerate(periods[number:]):
            active = sum(any(start <= day < stop for day in found) for found in cohort)
            if cohort:
                counted[str(begin), later] = (len(cohort), active)
    found = base.cohorts.set_index(["cohort", "period"])[["customers", "bought"]]
    assert {key: tuple(map(int, row)) for key, row in found.iterrows()} == counted


def test_nothing_later_counts(base, log, tmp_path):
    """The log without the events from the cutoff on gives the same tables."""
    store = stored(cut(log, date.fromisoformat(AS_OF)), tmp_path)
    again = base_over_time(store, AsOf.parse(AS_OF, store.timezone), load_formula(), chunk=50)
    pd.testing.assert_frame_equal(again.cohorts, base.cohorts)
    for name in ("champions", "lost", "loyal"):
        then, now = (each.groups[(each.groups["group"] == name)]["customers"].tolist() for each in (again, base))
        assert then == now


@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=20))
def test_retention_is_a_share_that_begins_at_one(steps):
    """Everybody of a cohort bought in its first period; no share leaves 0 to 1; cohorts share no customer."""
    table = cohort_table(pd.DataFrame(steps, columns=list("abcd")).cumsum(axis=1).astype(float))
    assert ((table["retention"] >= 0) & (table["retention"] <= 1)).all()
    assert (table.loc[table["period"] == 0, "retention"] == 1).all()
    assert table[table["period"] == 0]["customers"].sum() <= len(steps)
