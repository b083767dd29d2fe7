"""The tables of a world have their columns from the first day on."""

import pandas as pd

from features.simulate import World
from tests.features.simulate.worlds import QUIET, plan_for


def test_tables_exist_before_anything_happened() -> None:
    """Decisions and records are empty tables with all columns before the first day."""
    world = World(QUIET, customers=5)
    assert len(world.decisions()) == len(world.records()) == 0
    assert "propensity" in world.decisions()
    assert "status" in world.records()
    assert world.truth_table()["purchases"].sum() == 0


def test_the_truth_counts_what_is_in_the_log() -> None:
    """Purchases and spend of the truth are those of the log; records name each planned row once."""
    world = World(QUIET, customers=200, seed=2)
    world.until(112)
    world.act(plan_for(world, 113, plan_item=[f"P{row}" for row in range(200)]))
    world.until(130)
    log, table = world.log().to_pandas(), world.truth_table()
    bought = log[log["event_type"] == "purchase"].groupby("customer_id")["amount"].agg(["size", "sum"])
    pd.testing.assert_series_equal(table["purchases"], bought["size"], check_names=False)
    pd.testing.assert_series_equal(table["spend"], bought["sum"], check_names=False)
    assert world.records()["plan_item"].tolist() == [f"P{row}" for row in range(200)]
    assert (world.records()["outcome"] == "no_contact").mean() > 0.1
