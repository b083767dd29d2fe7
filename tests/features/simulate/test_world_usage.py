"""Living customers use the product and give feedback at their rates."""

from dataclasses import replace

import pytest

from features.simulate import World
from tests.features.simulate.worlds import QUIET


def test_usage_and_feedback_come_at_their_rates() -> None:
    """Counts are those of the truth, events lie after the first purchase, and the dead give none."""
    truth = replace(QUIET, usage_share=1.0, usage_per_year=4.0, feedback_per_year=2.0, dropout="pareto", s=2, beta=300)
    world = World(truth, customers=2_000, seed=4)
    log, table = world.until(400).to_pandas(), world.truth_table()
    end = table["alive_until"].fillna(log["event_time"].max())
    years = ((end - table["first_purchase"]).dt.total_seconds() / 86_400 / 365.25).sum()
    counts = log["event_type"].value_counts()
    assert counts["usage"] / years == pytest.approx(4, rel=0.1)
    assert counts["feedback"] / years == pytest.approx(2, rel=0.06)
    rows = log[log["event_type"].isin(["usage", "feedback"])].join(table, on="customer_id")
    assert (rows["event_time"] >= rows["first_purchase"]).all()
    assert (rows["alive_until"].isna() | (rows["event_time"] <= rows["alive_until"])).all()
    assert rows.loc[rows["event_type"] == "feedback", "satisfaction"].notna().all()
