"""A world lives on from day to day, with or without a plan."""

from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pytest

from features.errors import InvalidArgumentError
from features.simulate import LOG_SCHEMA, Truth, World, simulate
from tests.features.simulate.worlds import QUIET, plan_for

TRUTH = Truth(days=500, acquisition_days=300, reps=2, channel_spread=0.4, recorded_lag_days=1.0, references=True)


def test_the_steps_do_not_matter() -> None:
    """Running to a day in steps gives the events of running there at once."""
    once, steps = World(TRUTH, customers=300, seed=1), World(TRUTH, customers=300, seed=1)
    whole = once.until(400).to_pandas()
    parts = pd.concat([steps.until(day).to_pandas() for day in (1, 77, "2023-06-01", 399, 400)])
    columns = [name for name in whole if name not in ("recorded_at", "reference")]
    pd.testing.assert_frame_equal(parts[columns].reset_index(drop=True), whole[columns])
    pd.testing.assert_frame_equal(once.truth_table(), steps.truth_table())
    pd.testing.assert_frame_equal(once.decisions(), steps.decisions())
    assert steps.log().num_rows == len(whole)
    assert once.log()["reference"].combine_chunks().value_counts().field("counts").to_pylist() == [1] * len(whole)


def test_customers_do_not_depend_on_their_number() -> None:
    """Without campaigns the first customers of a larger world are those of a smaller one."""
    truth = replace(QUIET, dropout="mbg", usage_per_year=3.0, feedback_per_year=1.0, return_share=0.1)
    small, large = World(truth, customers=40, seed=6), World(truth, customers=90, seed=6)
    for world in (small, large):
        world.until(100)
        world.act(plan_for(world, 100, every=3))
    log = large.until(200).to_pandas()
    same = log[log["customer_id"] <= "C0000040"].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, small.until(200).to_pandas())


def test_a_world_resembles_the_simulated_log() -> None:
    """The same truth gives the same numbers of events of each type as `simulate`, up to chance."""
    counts = World(Truth(), customers=2_000, seed=9).until(1_096).to_pandas()["event_type"].value_counts()
    expected = simulate(Truth(), customers=2_000, seed=9)[0].to_pandas()["event_type"].value_counts()
    for name, count in expected.items():
        assert counts[name] == pytest.approx(count, rel=0.12), name


def test_without_a_plan_the_log_has_the_known_columns() -> None:
    """`plan_item` appears only once a plan acts; then it names the plan's events alone."""
    world = World(QUIET, customers=30, seed=1)
    assert world.until(80).schema == LOG_SCHEMA
    world.act(plan_for(world, 80, plan_item="P"))
    after = world.until(82)
    assert after.schema.field("plan_item").type == pa.string()
    whole = world.log().to_pandas()
    assert (whole["plan_item"].notna() == (whole["event_type"] == "visit")).all()
    assert whole["plan_item"].notna().sum() == 30


def test_a_copy_goes_its_own_way() -> None:
    """What a copy does leaves the world as it is; copies with one future share it, another one differs."""
    world = World(TRUTH, customers=200, seed=2)
    world.until(300)
    before = world.log()
    twins = [world.copy(), world.copy(), world.copy(future=1), world.copy(future=1), world.copy(future=2)]
    logs = [twin.until(360) for twin in twins]
    assert world.log().equals(before)
    assert logs[0].equals(logs[1])
    assert logs[2].equals(logs[3])
    assert not logs[0].equals(logs[2])
    assert not logs[2].equals(logs[4])
    counts = [log["event_type"].to_pylist().count("purchase") for log in logs]
    assert max(counts) < 1.3 * min(counts)
    assert logs[0].equals(world.until(360))


def test_campaigns_may_stop() -> None:
    """Without campaigns nobody is visited but by a plan."""
    world = World(TRUTH, customers=200, seed=2)
    world.until(300)
    log = world.until(400, campaigns=False).to_pandas()
    assert not log["event_type"].eq("visit").any()
    assert set(log.loc[log["event_type"] == "incentive", "outcome"]) <= {"redeemed", "expired"}


def test_time_goes_forward_within_the_truth() -> None:
    """A day before the present or after the end is refused, and so is a world without customers."""
    world = World(QUIET, customers=3)
    world.until(5)
    for day in (4, 401, "2025-01-01"):
        with pytest.raises(InvalidArgumentError, match="expected one from 5 to 400"):
            world.until(day)
    with pytest.raises(InvalidArgumentError, match="customers is 0"):
        World(QUIET, customers=0)
