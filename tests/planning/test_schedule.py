"""Days are evenly loaded, daily numbers are kept, neighbours follow one another, and nothing depends on row order."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from planning.catalogue.catalogue_file import load_catalogue
from planning.schedule import load_by_day, schedule

RETAIL = load_catalogue("retail")
MONDAY = date(2026, 11, 23)


def week(count: int, seed: int, places: bool = False) -> pd.DataFrame:
    """Visits and calls of two reps, and e-mails."""
    rng = np.random.default_rng(seed)
    action = rng.choice(["visit", "phone", "email"], count)
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(count)],
            "action": action,
            "rep": np.where(action == "email", None, rng.choice(["R1", "R2"], count)),
            "minutes": pd.Series(action).map({"visit": 60.0, "phone": 15.0, "email": 0.0}),
            "value_expected": rng.gamma(1.0, 10.0, count).round(1),
        }
    )
    return rows.assign(latitude=rng.uniform(50, 50.3, count), longitude=rng.uniform(8, 8.5, count)) if places else rows


@given(st.integers(0, 120), st.integers(0, 1000), st.booleans())
def test_days_are_even_and_times_do_not_overlap(count: int, seed: int, places: bool) -> None:
    """Each rep's days differ by at most two visits; one action begins when the one before has ended."""
    rows = week(count, seed, places)
    found = schedule(rows, RETAIL, MONDAY)
    assert found.index.equals(rows.index)
    assert all(MONDAY <= day < MONDAY + timedelta(days=5) for day in found["day"])
    assert (found["start"].notna() == (rows["minutes"] > 0)).all()
    for _, own in rows[rows["minutes"] > 0].groupby("rep"):
        days = found.loc[own.index, "day"]
        load = own["minutes"].groupby(days).sum().reindex([MONDAY + timedelta(days=n) for n in range(5)], fill_value=0)
        assert load.max() - load.min() <= 120
        times = found.loc[own.index].assign(minutes=own["minutes"]).sort_values("start")
        ends = times["start"] + pd.to_timedelta(times["minutes"], "min")
        assert (times["start"].iloc[1:].to_numpy() >= ends.iloc[:-1].to_numpy()).all()
        assert (times["start"].dt.date == times["day"]).all()


@given(st.integers(1, 60), st.integers(0, 1000), st.booleans(), st.randoms())
def test_row_order_changes_nothing(count: int, seed: int, places: bool, random: object) -> None:
    """Each customer has the same day and time in whatever order the rows are."""
    rows = week(count, seed, places)
    order = list(range(count))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert schedule(rows.iloc[order], RETAIL, MONDAY).sort_index().equals(schedule(rows, RETAIL, MONDAY))


def test_a_number_of_calls_a_day_is_kept() -> None:
    """Twenty calls with four a day are four on each of five days."""
    pools = tuple(replace(pool, amount=4) if pool.name == "calls" else pool for pool in RETAIL.pools)
    rows = week(60, 1).assign(action="phone", minutes=15.0, rep="R1").iloc[:20]
    days = schedule(rows, replace(RETAIL, pools=pools), MONDAY)["day"]
    assert days.value_counts().tolist() == [4] * 5


def test_neighbours_are_visited_on_one_day() -> None:
    """Five towns with four customers each: each town has its day, though values are mixed."""
    towns = np.repeat(np.arange(5), 4)
    rows = week(20, 2).assign(
        action="visit", minutes=60.0, rep="R1", latitude=50 + towns * 0.2, longitude=8 + np.arange(20) % 4 * 0.001
    )
    days = schedule(rows, RETAIL, MONDAY)["day"]
    assert days.groupby(towns).nunique().tolist() == [1] * 5
    assert days.nunique() == 5


def test_the_load_is_added_up_by_rep_and_day() -> None:
    """All minutes are there; what has none is left out."""
    rows = week(80, 3)
    found = load_by_day(rows, schedule(rows, RETAIL, MONDAY)["day"])
    assert found["minutes"].sum() == rows["minutes"].sum()
    assert found["actions"].sum() == (rows["minutes"] > 0).sum()
    assert found["rep"].isin(["R1", "R2"]).all()
