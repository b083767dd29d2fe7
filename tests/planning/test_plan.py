"""A plan as a whole: within its limits, its hold-out drawn before any file, nothing after the cutoff in it."""

import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pandas as pd
import pytest

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.errors import PlanError
from features.ingestion.ingest import ingest
from features.loyalty.formula import load_formula
from features.simulate import write_log
from features.store.event_store import open_store
from planning.allocation.limits import with_budget
from planning.catalogue.actions import Minimum
from planning.catalogue.catalogue_file import load_catalogue
from planning.files.outputs import write_files
from planning.files.plan_summary import sentences
from planning.options.forecasts import Forecasts, fitted_forecasts
from planning.options.options_table import make_options
from planning.options.planning_table import planning_table
from planning.plan import Inputs, make_plan
from planning.plan_folder import SCHEMA, Plan
from planning.weeks import monday_of_week
from tests.planning.files.test_outputs import texts_of


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Inputs, pd.DataFrame, Forecasts]:
    """A simulated shop with little time, little money and two reps, so that limits bind."""
    folder: Path = tmp_path_factory.mktemp("shop")
    write_log(folder / "log.parquet", customers=500, seed=3)
    ingest([folder / "log.parquet"], folder / "store")
    store = open_store(folder / "store")
    cutoff = AsOf.parse("2026-01-01", store.timezone)
    features = feature_table(store, cutoff)
    catalogue = with_budget(load_catalogue("retail"), 6.0)
    pools = [msgspec.structs.replace(each, amount=45.0) if each.unit == "minutes" else each for each in catalogue.pools]
    catalogue = msgspec.structs.replace(catalogue, pools=tuple(pools))
    customers = pd.DataFrame({"rep": [f"R{row % 2}" for row in range(len(features))]}, features.index)
    customers["recorded_at"] = pd.Timestamp("2025-01-01", tz="UTC")
    forecasts = fitted_forecasts(features, catalogue.horizon_days)
    return Inputs(store, cutoff, "2026-W02", catalogue, load_formula(), customers), features, forecasts


@pytest.fixture(scope="module")
def plan(inputs: tuple[Inputs, pd.DataFrame, Forecasts]) -> Plan:
    return make_plan(*inputs)


def test_within_every_limit(inputs: tuple[Inputs, pd.DataFrame, Forecasts], plan: Plan) -> None:
    """Minutes of each rep and the budget, of all that is done; each customer once; both limits are tight."""
    done = plan.assigned
    assert len(done) > 5
    assert (done.groupby("rep")["minutes"].sum() <= 45).all()
    assert done["cost_expected"].sum() <= 6 + 1e-9
    assert plan.items["customer_id"].is_unique
    assert list(plan.items) == SCHEMA.names
    used = {each["limit"]: each for each in plan.manifest["limits"]}
    assert used["budget"]["price"] > 0
    assert all(each["used"] <= each["capacity"] + 1e-9 for each in used.values())


def test_rows_are_whole(plan: Plan) -> None:
    """Days within the week, reasons, a value with its interval; who is left alone has no day."""
    assigned, control = plan.assigned, plan.items[plan.items["arm"] == "leave"]
    assert len(control)
    assert control["day"].isna().all()
    monday = monday_of_week("2026-W02")
    assert all(0 <= (day - monday).days < 5 for day in assigned["day"])
    assert (plan.items["low"] <= plan.items["value_expected"]).all()
    assert all(0 < len(each) <= 3 for each in plan.items["reasons"])
    assert plan.items["propensity"].between(0, 1).all()


def test_nobody_left_alone_stands_in_a_file(plan: Plan, tmp_path: Path) -> None:
    """Neither customer nor plan item of any row of the arm `leave`, in any file that is handed out."""
    write_files(tmp_path, plan)
    control = plan.items[plan.items["arm"] == "leave"]
    named = {each["customer_id"] for side in plan.manifest["borderline"].values() for each in side}
    assert named
    assert not named & set(control["customer_id"])
    texts = texts_of(tmp_path)
    assert len(texts) > 4
    for text in texts.values():
        words = set(re.findall(r"\w+", text))
        assert not words & {*control["customer_id"], *control["plan_item"]}


def test_a_minimum_for_two_reps(inputs: tuple[Inputs, pd.DataFrame, Forecasts]) -> None:
    """A catalogue with a minimum is planned with two reps, and what is asked of one rep less is answered."""
    made, features, forecasts = inputs
    goal = made.catalogue.actions[0].goals[0]
    catalogue = msgspec.structs.replace(made.catalogue, minimums=(Minimum(goal, "budget", 0.1),))
    found = make_plan(replace(made, catalogue=catalogue), features, forecasts)
    assert {each["change"] for each in found.manifest["what_if"]} == {"budget", "rep"}


def test_a_plan_made_in_mid_week(inputs: tuple[Inputs, pd.DataFrame, Forecasts]) -> None:
    """Nothing is on a day that is over, and each rep has the minutes of the days that are left."""
    made, *rest = inputs  # the cutoff is a Thursday
    found = make_plan(replace(made, week="2026-W01"), *rest)
    assert {str(day) for day in found.assigned["day"]} <= {"2026-01-01", "2026-01-02"}
    assert (pd.to_datetime(found.assigned["start"].dropna()) >= pd.Timestamp("2026-01-01")).all()
    hours = [each for each in found.manifest["limits"] if each["unit"] == "minutes"]
    assert [each["capacity"] for each in hours] == [18.0, 18.0]
    assert found.assigned.groupby("rep")["minutes"].sum().max() <= 18
    short = msgspec.structs.replace(made.catalogue, working_days=3)
    with pytest.raises(PlanError, match="has no working day left"):
        make_plan(replace(made, week="2026-W01", catalogue=short), *rest)


def test_points_of_a_rating_have_the_worth_that_a_firm_gives(
    inputs: tuple[Inputs, pd.DataFrame, Forecasts],
) -> None:
    """Options of an action that is expected to raise a rating are worth so much more."""
    made, features, forecasts = inputs
    table = planning_table(made.store, made.as_of, features, forecasts, made.formula, made.customers)
    actions = tuple(msgspec.structs.replace(each, loyalty_points=0.5) for each in made.catalogue.actions)
    raising = msgspec.structs.replace(made.catalogue, actions=actions)
    worth = msgspec.structs.replace(raising, worth_of_loyalty_point=4.0)
    before, after = (make_options(table, each, made.as_of, made.as_of.day).table for each in (raising, worth))
    assert after["value"].to_numpy() == pytest.approx(before["value"].to_numpy() + 2)


def test_equal_for_equal_inputs(inputs: tuple[Inputs, pd.DataFrame, Forecasts], plan: Plan) -> None:
    """Row by row, and in what it says."""
    again = make_plan(*inputs)
    pd.testing.assert_frame_equal(again.items, plan.items)
    assert again.manifest == plan.manifest


def test_everybody_is_accounted_for(inputs: tuple[Inputs, pd.DataFrame, Forecasts], plan: Plan) -> None:
    """Customers known are those in the plan and those passed over."""
    in_plan = len(plan.items) - len(plan.manifest["exploration"])
    assert in_plan + sum(plan.manifest["passed_over"].values()) == len(inputs[1]) == plan.manifest["customers"]


def test_no_option_pays(inputs: tuple[Inputs, pd.DataFrame, Forecasts]) -> None:
    """A plan of nothing has no rows, and says so."""
    made, features, forecasts = inputs
    actions = [msgspec.structs.replace(each, cost=1e6) for each in made.catalogue.actions]
    nothing = replace(made, catalogue=msgspec.structs.replace(made.catalogue, actions=tuple(actions)))
    found = make_plan(nothing, features, forecasts)
    assert not len(found.items)
    assert sentences(found.manifest)[0][0].startswith("Nothing is planned")


def test_opt_outs_of_everybody(inputs: tuple[Inputs, pd.DataFrame, Forecasts]) -> None:
    """Nobody is in the plan."""
    made, features, forecasts = inputs
    assert made.customers is not None
    lists = pd.Series([["all"]] * len(made.customers), made.customers.index, dtype=object)
    found = make_plan(replace(made, customers=made.customers.assign(opted_out=lists)), features, forecasts)
    assert not len(found.items)
    assert found.manifest["passed_over"]["opted_out"] == len(features) - found.manifest["passed_over"].get(
        "not_eligible", 0
    )


def test_a_week_that_is_over(inputs: tuple[Inputs, pd.DataFrame, Forecasts]) -> None:
    """Is refused."""
    with pytest.raises(PlanError, match="is over"):
        make_plan(replace(inputs[0], week="2025-W51"), *inputs[1:])
