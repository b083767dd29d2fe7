"""Windows: over by the date they are known at, with a past to learn from, and chosen by the past alone."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.as_of import EPOCH
from features.engines.feature_table import feature_table
from features.errors import InvalidArgumentError, TooLittleDataError
from features.store.chosen_customers import events_of_customers
from tests.training.logs import START, cut, simulated, stored
from training.models.purchases.level_calibration import LEVEL_HISTORY_DAYS, LEVEL_HORIZONS, YEAR_AGO_DAYS
from training.targets import targets
from training.windows import (
    LEAST_HISTORY,
    OLDEST,
    REPEATS,
    activity,
    backtest_dates,
    purchase_days,
    window,
    window_plan,
)

AS_OF = START + timedelta(days=300)
DAY = (AS_OF - EPOCH).days


@pytest.fixture(scope="module")
def log():
    return simulated(150, days=420)


@pytest.fixture(scope="module")
def store(log, tmp_path_factory):
    return stored(log, tmp_path_factory.mktemp("windows"))


@given(
    history=st.integers(0, 1200),
    horizons=st.lists(st.sampled_from([7, 28, 30, 90, 91, 180, 364, 365, 730]), min_size=1, max_size=4, unique=True),
)
def test_the_plan_has_windows_that_are_over_and_have_a_past(history, horizons):
    """A few of each horizon, end to end, none too old; and the year ago where it has a history."""
    day = 20_000
    first_day = day - history
    plan = window_plan(first_day, day, horizons)
    assert list(plan) == sorted(plan)
    a_year_ago = plan.get(day - YEAR_AGO_DAYS, [])
    assert (set(LEVEL_HORIZONS) <= set(a_year_ago)) == (history >= YEAR_AGO_DAYS + LEVEL_HISTORY_DAYS)
    for start, reach in plan.items():
        assert reach == sorted(set(reach))
        assert start + max(reach) <= day
        assert start - first_day >= LEAST_HISTORY
        assert day - start <= OLDEST
    for horizon in set(horizons) - set(LEVEL_HORIZONS):
        starts = [start for start, reach in plan.items() if horizon in reach]
        assert len(starts) <= REPEATS
        assert starts == sorted(day - number * horizon for number in range(1, len(starts) + 1))


def test_a_young_log_has_no_windows():
    """With nothing behind them they would teach nothing."""
    assert window_plan(0, 80, (30, 90)) == {}
    assert window_plan(0, 90, (30, 90)) == {60: [30]}


def test_who_is_in_a_window_is_decided_by_the_past_alone(log, store, tmp_path):
    """Those who had bought before its day, whatever came; a log without what came later has the same."""
    found = window(store, AS_OF, [30, 90])
    table = feature_table(store, AS_OF)
    pd.testing.assert_frame_equal(found.features, table[table["purchase_days"] > 0])
    assert (found.purchases[90] == 0).any()
    before = window(stored(cut(log, AS_OF), tmp_path), AS_OF, [30, 90], AS_OF)
    pd.testing.assert_frame_equal(before.features, found.features)
    assert before.purchases == {}


def test_a_window_has_what_its_customers_did(store):
    """The targets of its day, row by row; only those of horizons that were over."""
    found = window(store, AS_OF, [30, 90, 365], AS_OF + timedelta(days=90))
    truth = targets(store, AS_OF, [30, 90]).loc[found.features.index]
    assert set(found.purchases) == set(found.spend) == {30, 90}
    for horizon in (30, 90):
        assert (found.purchases[horizon] == truth[f"purchases_{horizon}"]).all()
        assert (found.spend[horizon] == truth[f"spend_{horizon}"]).all()


def test_a_window_of_some_customers_is_a_part_of_that_of_all(store):
    """Their rows are the same."""
    some = np.arange(0, store.n_customers, 7)
    every, part = window(store, AS_OF, [30]), window(events_of_customers(store, some), AS_OF, [30])
    pd.testing.assert_frame_equal(part.features, every.features.loc[part.features.index])
    assert part.purchases[30].sum() == every.purchases[30][every.features.index.isin(part.features.index)].sum()
    assert set(part.features.index) <= {store.customer_ids[int(c)].as_py() for c in some}


def test_activity_is_every_purchase_day_before_the_day(log, store):
    """The first of each customer apart; days without any are 0."""
    purchases = log.to_pandas().query("event_type == 'purchase'")
    purchases = purchases.assign(day=(purchases["event_time"].dt.normalize() - pd.Timestamp(EPOCH)).dt.days)
    days = purchases.loc[purchases["day"] < DAY, ["customer_id", "day"]].drop_duplicates()
    first = days.groupby("customer_id")["day"].min()
    past = activity(store, AS_OF)
    assert past.first_day == first.min()
    assert len(past.new) == len(past.repeat) == DAY - past.first_day
    assert past.new.tolist() == np.bincount(first - past.first_day, minlength=len(past.new)).tolist()
    both = np.bincount(days["day"] - past.first_day, minlength=len(past.new))
    assert (past.new + past.repeat).tolist() == both.tolist()


def test_before_the_first_purchase_there_is_no_activity(store):
    """Nothing, of no length; and nobody is in a window."""
    early = START - timedelta(30)
    assert len(activity(store, early).new) == 0
    assert window(store, early, [30]).features.empty


@pytest.mark.parametrize(("horizon_days", "needed"), [(365, 274), (180, 135), (90, 68), (30, 60)])
def test_a_window_needs_three_quarters_of_its_length_as_history(horizon_days, needed):
    """And 60 days at least; with a day less behind it, it does not teach."""
    for history, starts in ((needed, [needed]), (needed - 1, [])):
        plan = window_plan(0, horizon_days + history, [horizon_days])
        assert [start for start, planned in plan.items() if horizon_days in planned] == starts


def test_dates_of_a_backtest_have_a_past_and_an_outcome(store, log):
    """Counted back from the last date whose horizon is over, none before `LEAST_HISTORY` days of the log."""
    days = pd.Series(log["event_time"].to_pandas()).dt.normalize()
    first, end = ((day - pd.Timestamp(EPOCH)).days for day in (days.min(), days.max() + pd.Timedelta(days=1)))
    dates = [date.day for date in backtest_dates(store, 30, 90)]
    assert dates[-1] == end - 90
    assert set(np.diff(dates)) == {30}
    assert first + LEAST_HISTORY <= dates[0] < first + LEAST_HISTORY + 30
    since, until = START + timedelta(days=100), START + timedelta(days=150)
    assert [date.date for date in backtest_dates(store, 25, 90, since, until)] == [
        *(since, START + timedelta(days=125)),
        until,
    ]


def test_a_log_without_room_for_a_date_says_how_long_it_must_be(store, tmp_path):
    """And so does one between dates that leave none."""
    with pytest.raises(TooLittleDataError, match="days long: dates before a horizon of 400 days need at least 460"):
        backtest_dates(store, 30, 400)
    with pytest.raises(InvalidArgumentError, match="there is no date from 2024-01-01 to 2023-01-01"):
        backtest_dates(store, 30, 90, "2024-01-01", "2023-01-01")


def test_purchase_days_are_those_of_the_customers_before_the_day(log, store, tmp_path):
    """Each day once, as many as the feature table counts; later events change nothing."""
    features = window(store, AS_OF, []).features
    found = purchase_days(store, AS_OF, features)
    assert (np.bincount(found.customer, minlength=len(features)) == features["purchase_days"]).all()
    assert len({*zip(found.customer.tolist(), found.day.tolist(), strict=True)}) == len(found.day)
    assert found.day.max() < DAY
    last = np.full(len(features), 0)
    np.maximum.at(last, found.customer, found.day)
    assert (DAY - last == features["days_since_last_purchase"]).all()
    earlier = stored(cut(log, AS_OF), tmp_path)
    alone = purchase_days(earlier, AS_OF, features)
    assert (alone.day == found.day).all()
    assert (alone.customer == found.customer).all()


def test_nobody_has_purchase_days_in_an_empty_table(store):
    """Of customers who are not in it nothing is read."""
    assert len(purchase_days(store, AS_OF, window(store, AS_OF, []).features.iloc[:0]).day) == 0
