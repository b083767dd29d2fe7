"""Options: what eligibility, opt-outs, gaps and earlier plans allow, and what each is expected to bring and cost."""

import msgspec
import numpy as np
import pandas as pd
import pytest

from features.as_of import AsOf
from planning.catalogue.actions import Action, Catalogue, Pool
from planning.options.earlier_plans import EarlierPlans
from planning.options.options_table import LEVEL_Z, ActionEffect, make_options

CUTOFF = AsOf.parse("2026-11-20", "UTC")
FIRST_DAY = CUTOFF.day + 3
VISIT = Action("visit", "visit", "face_to_face", 0.2, 0.1, cost=2, minutes=60, pools=("hours",), acts_days=45)
COUPON = Action(
    *("coupon", "incentive", "coupon", 0.5, 0.2),
    **{"cost": 1, "face_value": 5, "uses": 1, "redemption": 0.5, "acts_days": 90, "eligible": "frequency >= 2"},
)
CATALOGUE = Catalogue("1", "EUR", 0.4, 90, (Pool("hours", "minutes", 600, "rep"),), (VISIT, COUPON))


def table_of(rows: int = 1, **columns: object) -> pd.DataFrame:
    """A planning table of equal customers, but for the columns given."""
    base: dict[str, object] = {
        "frequency": 3.0,
        "days_since_last_contact": np.nan,
        "expected_purchases": 2.0,
        "expected_spend": 100.0,
        "churn_probability": 0.2,
        "rep": "R1",
        "territory": None,
        "customer_recorded_at": pd.NaT,
    }
    table = pd.DataFrame(base, index=[f"C{row}" for row in range(rows)])
    table["customer_recorded_at"] = pd.to_datetime(table["customer_recorded_at"], utc=True)
    table["not_opted_out"] = pd.Series([{} for _ in range(rows)], table.index, dtype=object)
    table["opted_out"] = pd.Series([[] for _ in range(rows)], table.index, dtype=object)
    return table.assign(**columns)


def found(table: pd.DataFrame, **given: object) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """The customers and actions of the options, and why others have none."""
    options = make_options(table, CATALOGUE, CUTOFF, FIRST_DAY, **given)  # type: ignore[arg-type]
    pairs = zip(options.table["customer_id"], options.table["action"], strict=True)
    return list(pairs), options.passed_over.to_dict()


def test_values_worked_by_hand() -> None:
    """Margin times the change of spend while the action acts, less cost; what is added is redeemed too."""
    table = make_options(table_of(), CATALOGUE, CUTOFF, FIRST_DAY).table.set_index("action")
    visit, coupon = table.loc["visit"], table.loc["coupon"]
    # 100 of spend in 90 days, half of it while the visit acts, a fifth more of that, 40 % margin, 2 of cost
    assert visit["value_expected"] == pytest.approx(0.4 * 50 * 0.2 - 2)
    assert visit["effect"] == pytest.approx(2 * 0.5 * 0.2)
    assert visit["value_high"] - visit["value_expected"] == pytest.approx(LEVEL_Z * 0.4 * 50 * 0.1)
    # at 3 purchases one coupon of 5 is redeemed with probability .5
    assert coupon["cost_expected"] == pytest.approx(1 + 0.5 * 5)
    assert coupon["value_expected"] == pytest.approx(0.4 * 100 * 0.5 - 3.5)
    assert (table["value"] == table["value_expected"]).all()


def test_harm_is_not_clipped() -> None:
    """An effect below nothing gives a value below nothing, by customer where the effect is by customer."""
    effect = ActionEffect(np.array([-0.5, 0.5]), np.array([0.1, 0.2]), "posterior")
    options = make_options(table_of(2), CATALOGUE, CUTOFF, FIRST_DAY, effects={"visit": effect}).table
    called = ActionEffect(0.3, 0.1, "learnt", lambda table: (effect.change[: len(table)], effect.width[: len(table)]))
    assert options.equals(make_options(table_of(2), CATALOGUE, CUTOFF, FIRST_DAY, effects={"visit": called}).table)
    values = options[options["action"] == "visit"]["value"].tolist()
    assert values == pytest.approx([0.4 * 50 * -0.5 - 2, 0.4 * 50 * 0.5 - 2])


def test_eligibility_and_forecasts() -> None:
    """A condition keeps an action from some; who never bought has no forecast."""
    table = table_of(3, frequency=[1.0, 2.0, 2.0], expected_spend=[10.0, 10.0, np.nan])
    assert found(table) == ([("C0", "visit"), ("C1", "visit"), ("C1", "coupon")], {"C2": "no_forecast"})
    only_coupon = msgspec.structs.replace(CATALOGUE, actions=(COUPON,))
    assert make_options(table, only_coupon, CUTOFF, FIRST_DAY).passed_over["C0"] == "not_eligible"


def test_opt_outs() -> None:
    """Of a channel, or of all."""
    lists = pd.Series([["coupon"], ["face_to_face"], ["all"]], ["C0", "C1", "C2"], dtype=object)
    assert found(table_of(3, opted_out=lists)) == ([("C0", "visit"), ("C1", "coupon")], {"C2": "opted_out"})


def test_gaps_count_from_the_last_contact_to_the_week() -> None:
    """Of the log and of earlier plans alike, to the day."""
    gap = FIRST_DAY - CUTOFF.day
    table = table_of(3, days_since_last_contact=[14.0 - gap, 13.0 - gap, np.nan])
    pairs, passed_over = found(table, earlier_plans=EarlierPlans(contacts={"C2": FIRST_DAY - 13}))
    assert {customer for customer, _ in pairs} == {"C0"}
    assert passed_over == {"C1": "contacted_recently", "C2": "contacted_recently"}
    assert found(table.loc[["C2"]], earlier_plans=EarlierPlans(contacts={"C2": FIRST_DAY - 14}))[1] == {}


def test_reps_are_needed_where_each_has_a_pool() -> None:
    """A coupon needs none."""
    table = table_of(2, rep=[None, "R1"], frequency=[1.0, 1.0])
    assert found(table) == ([("C1", "visit")], {"C0": "without_rep"})
    assert found(table_of(1, rep=None))[0] == [("C0", "coupon")]


def skip(customer: str, reason: str, recorded_at: str = "2026-11-01", **given: str) -> dict[str, object]:
    row = {"customer_id": customer, "action": "visit", "channel": "face_to_face", "reason": reason, **given}
    return {**row, "recorded_at": pd.Timestamp(recorded_at, tz="UTC")}


def test_reasons_of_skipped_rows_change_the_next_plan() -> None:
    """Opted out closes the channel, wrong person all visits, a bad moment everything, not worth it this action."""
    rows = [skip("C0", "opted_out"), skip("C1", "wrong_person"), skip("C2", "bad_moment"), skip("C3", "not_worth_it")]
    pairs, passed_over = found(table_of(4), earlier_plans=EarlierPlans(skips=pd.DataFrame(rows)))
    assert pairs == [("C0", "coupon"), ("C1", "coupon"), ("C3", "coupon")]
    assert passed_over == {"C2": "bad_moment"}


def test_a_newer_row_of_the_customers_table_corrects_a_skip() -> None:
    """The wrong person holds until then."""
    table = table_of(2, customer_recorded_at=pd.to_datetime(["2026-11-02", "2026-10-31"], utc=True))
    earlier_plans = EarlierPlans(skips=pd.DataFrame([skip("C0", "wrong_person"), skip("C1", "wrong_person")]))
    assert ("C0", "visit") in found(table, earlier_plans=earlier_plans)[0]
    assert ("C1", "visit") not in found(table, earlier_plans=earlier_plans)[0]


def test_an_opt_out_that_a_rep_recorded_holds_until_a_row_ends_it() -> None:
    """A newer row of something else does not, nor one of another channel or one from before."""
    table = table_of(4, customer_recorded_at=pd.Timestamp("2026-11-02", tz="UTC"))
    said = [{}, {"phone": "2026-11-02"}, {"face_to_face": "2026-10-31"}, {"face_to_face": "2026-11-02"}]
    times = [{channel: pd.Timestamp(day, tz="UTC") for channel, day in each.items()} for each in said]
    table["not_opted_out"] = pd.Series(times, table.index, dtype=object)
    earlier_plans = EarlierPlans(skips=pd.DataFrame([skip(name, "opted_out") for name in table.index]))
    visits = [customer for customer, action in found(table, earlier_plans=earlier_plans)[0] if action == "visit"]
    assert visits == ["C3"]


def test_who_is_left_alone_stays_so() -> None:
    """A hold-out of an earlier plan whose horizon is not over gets no action."""
    pairs_and_reasons = found(table_of(), earlier_plans=EarlierPlans(control=frozenset(["C0"])))
    assert pairs_and_reasons == (
        [],
        {"C0": "control_of_earlier_plan"},
    )


def test_options_of_a_customer_stand_together() -> None:
    """In the order of the planning table."""
    options = make_options(table_of(5), CATALOGUE, CUTOFF, FIRST_DAY).table
    assert options["customer"].is_monotonic_increasing
    assert options["customer_id"].tolist() == [f"C{code}" for code in options["customer"]]
