"""The laws of the feature table and of the loyalty score: what must hold of any log at any moment."""

from datetime import timedelta

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.loyalty.formula import load_formula
from features.loyalty.scoring import score
from tests.features.logs import (
    DAY,
    KIND,
    Event,
    Log,
    corrected,
    events,
    logs,
    moments,
    same_bits,
    shelved,
)

law = settings(max_examples=20, deadline=None)


def table(log: Log, which: int = 0) -> pd.DataFrame:
    return feature_table(shelved(log), log.as_ofs()[which])


# Knowledge


@law
@given(st.data(), logs(), st.integers(0, 2))
def test_what_comes_at_or_after_as_of_changes_nothing(data: st.DataObject, log: Log, which: int) -> None:
    """Events of any type at or after as_of, or recorded at or after it, of old and new customers alike."""
    now = AsOf.parse(log.as_ofs()[which], log.zone).time
    later = []
    for event in data.draw(
        st.lists(events(moments(log.as_of_day, log.zone), ("a", "b", "new")), min_size=1, max_size=6)
    ):
        wait = data.draw(st.sampled_from([0, 1, DAY, 400 * DAY]))
        if data.draw(st.booleans()):
            later.append(event._replace(known_from=now + wait))
        else:
            later.append(event._replace(time=now + wait))
    same_bits(table(log, which), table(log._replace(events=log.events + later), which))


@law
@given(st.data(), logs(min_size=1), st.integers(0, 2))
def test_a_correction_at_or_after_as_of_changes_nothing(data: st.DataObject, log: Log, which: int) -> None:
    """A version recorded at or after as_of, of other values or another moment, leaves the older one in force."""
    now = AsOf.parse(log.as_ofs()[which], log.zone).time
    changed: list[Event] = []
    for event in log.events:
        at = max(now, (event.known_from or now) + 1) + data.draw(st.sampled_from([0, 1, DAY]))
        latest = event.known_until is None
        changed += data.draw(corrected(event, at)) if latest and data.draw(st.booleans()) else [event]
    same_bits(table(log, which), table(log._replace(events=changed), which))


# Order and time


@law
@given(st.data(), logs(min_size=2))
def test_row_order_changes_nothing(data: st.DataObject, log: Log) -> None:
    """The rows of the source in any order make the same store, to the last byte, and so the same features."""
    one = shelved(log)
    other = shelved(log._replace(events=data.draw(st.permutations(log.events))))
    assert one.customer_ids.equals(other.customer_ids)
    assert np.array_equal(one.offsets, other.offsets)
    for name, column in one.columns.items():
        assert np.array_equal(column, other.columns[name]), name
    same_bits(*(feature_table(store, log.as_ofs()[0]) for store in (one, other)))


@law
@given(logs(zones=["UTC"]), st.integers(-3000, 3000), st.integers(0, 2))
def test_shifting_all_by_whole_days_changes_nothing(log: Log, days: int, which: int) -> None:
    """All times, those of recording too, and as_of together, where a day has 24 hours."""
    names = ("time", "known_from", "known_until")
    moved = [
        e._replace(**{n: getattr(e, n) + days * DAY for n in names if getattr(e, n) is not None}) for e in log.events
    ]
    shifted = Log(moved, "UTC", log.as_of_day + timedelta(days))
    same_bits(table(log, which), table(shifted, which))


@law
@given(logs(), st.integers(0, 2))
def test_the_moment_counts_not_its_writing(log: Log, which: int) -> None:
    """As_of in the zone's wall clock, in UTC, or with any offset is one and the same."""
    store = shelved(log)
    as_of = pd.Timestamp(log.as_ofs()[which], tz=log.zone)
    same_bits(feature_table(store, log.as_ofs()[which]), feature_table(store, as_of.tz_convert("Asia/Kolkata")))


# Numbers


@law
@given(logs(min_size=3, max_size=30), st.integers(0, 4))
def test_recency_and_frequency(log: Log, which: int) -> None:
    """0 <= recency <= T; frequency is 0 if and only if recency is; frequency <= recency, in days."""
    found = table(log, which)
    bought = found[found["purchase_count"] > 0]
    assert (bought["T"].notna()).all()
    assert (found.loc[found["purchase_count"] == 0, ["frequency", "recency"]] == 0).all(axis=None)
    assert found.loc[found["purchase_count"] == 0, "T"].isna().all()
    assert ((bought["recency"] >= 0) & (bought["recency"] <= bought["T"])).all()
    assert ((found["frequency"] == 0) == (found["recency"] == 0)).all()
    assert (found["frequency"] <= found["recency"]).all()
    assert (bought["T"] == bought["recency"] + bought["days_since_last_purchase"]).all()
    assert (bought["purchase_days"] == bought["frequency"] + 1).all()


@law
@given(logs(min_size=3, max_size=30), st.integers(0, 4))
def test_windows_nest_and_parts_stay_below_their_whole(log: Log, which: int) -> None:
    """A longer window holds a shorter one, no window holds more than all; shares are between 0 and 1."""
    found = table(log, which)
    for family, whole in (("purchase_days", "purchase_days"), ("spend", "total_spend")):
        windows = [f"{family}_{w}" for w in (7, 30, 90, 180, 365)]
        assert (np.diff(found[[*windows, whole]].to_numpy(), axis=1) >= 0).all(axis=None)
    assert (np.diff(found[["usage_7", "usage_30", "usage_90", "usage_365", "usage_count"]].to_numpy()) >= 0).all()
    assert (np.diff(found[["visits_30", "visits_90", "visits_365", "visit_count"]].to_numpy()) >= 0).all()
    assert (found["visits_followed_14"] <= found["visit_count"]).all()
    assert found["visit_positive_share"].dropna().between(0, 1).all()
    for rating in (c for c in found.columns if c.endswith(("satisfaction_mean", "loyalty_mean", "_last"))):
        assert (found[rating].dropna() >= 0).all(), rating
    gaps = found[found["frequency"] > 0]
    assert ((gaps["gap_mean"] <= gaps["gap_max"]) & (gaps["gap_median"] <= gaps["gap_max"])).all()
    assert (gaps["gap_last"] <= gaps["gap_max"]).all()
    assert not np.isinf(found.to_numpy()).any()


# The loyalty score


@law
@given(st.data(), logs(min_size=1), st.integers(0, 2))
def test_the_score_never_falls_when_a_purchase_is_added(data: st.DataObject, log: Log, which: int) -> None:
    """It stays in 0..100 and never falls for anyone, whatever the purchase's moment, with an amount or without."""
    rule = load_formula()
    before = score(table(log, which), rule)["loyalty_score"]
    bought = data.draw(events(moments(log.as_of_day, log.zone)))._replace(
        kind=KIND["purchase"], channel=None, goal=None
    )
    amount = data.draw(st.one_of(st.none(), st.integers(0, 10**6)))
    more = bought._replace(cents=amount, outcome=None, satisfaction=None, loyalty=None)
    after = score(table(log._replace(events=[*log.events, more]), which), rule)["loyalty_score"]
    assert set(before.index) <= set(after.index)
    assert after.between(0, 100).all()
    assert (after[before.index] >= before).all()
