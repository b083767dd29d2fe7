"""What changed: causes that add up exactly, each 0 where it is the same at both dates."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.as_of import AsOf
from features.loyalty.formula import Formula, Part, load_formula
from features.loyalty.scoring import score
from reporting.change import MODEL_STEPS, change_since, model_change, rule_change, rule_steps

AS_OF, SINCE, DAYS = "2024-03-01", "2023-12-01", 90


def cutoffs(earlier: str, later: str) -> tuple[AsOf, AsOf]:
    return AsOf.parse(earlier, "UTC"), AsOf.parse(later, "UTC")


VALUE = st.floats(0, 2000) | st.just(float("nan"))


@st.composite
def rules(draw) -> Formula:
    """A rule with some of four parts, of which two can have no data."""
    names = draw(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, unique=True))
    parts = [
        Part(n, n, draw(st.floats(0.5, 1000)), draw(st.floats(0.1, 9)), f"{n}_count" if n in "cd" else None)
        for n in names
    ]
    return replace(load_formula(), parts=tuple(parts))


@st.composite
def tables(draw) -> pd.DataFrame:
    size = 4
    columns = {
        n: draw(st.lists(VALUE if n in "cd" else st.floats(0, 2000), min_size=size, max_size=size)) for n in "abcd"
    }
    counts = {f"{n}_count": draw(st.lists(st.integers(0, 2), min_size=size, max_size=size)) for n in "cd"}
    return pd.DataFrame({**columns, **counts}, dtype=float)


@given(tables(), tables(), rules(), rules())
def test_the_rules_parts_add_up(then, now, before, after):
    """Behaviour, rule and missing parts sum to the change, and behaviour is the sum of its parts, to 1e-9."""
    both = score(then, before)["loyalty_score"].notna() & score(now, after)["loyalty_score"].notna()
    change = rule_change(then[both], now[both], (before, after))
    assert np.allclose(
        change[["behaviour", "weights", "missing_parts"]].sum(axis=1), change["change"], rtol=0, atol=1e-9
    )
    assert np.allclose(change[rule_steps(change)].sum(axis=1), change["change"], rtol=0, atol=1e-9)
    assert not change.isna().any(axis=None)


@given(tables(), tables(), rules(), rules())
def test_the_way_back_is_the_way_there(then, now, before, after):
    """With the two dates exchanged every part has the other sign: no order of causes is preferred."""
    both = score(then, before)["loyalty_score"].notna() & score(now, after)["loyalty_score"].notna()
    there = rule_change(then[both], now[both], (before, after)).drop(columns=["before", "now"])
    back = rule_change(now[both], then[both], (after, before)).drop(columns=["before", "now"])
    assert np.allclose(there, -back[list(there)], rtol=0, atol=1e-9)


@given(tables(), rules(), rules())
def test_the_same_features_change_by_the_rule_only(table, before, after):
    """With the same features behaviour is 0; with the same rule the weights are 0."""
    both = score(table, before)["loyalty_score"].notna() & score(table, after)["loyalty_score"].notna()
    same_features = rule_change(table[both], table[both], (before, after))
    assert np.allclose(same_features["behaviour"], 0, atol=1e-9)
    same_rule = rule_change(table[both], table[both], (after, after)) if both.any() else same_features[:0]
    assert np.allclose(same_rule[["weights", "missing_parts"]], 0, atol=1e-9)


def test_a_part_with_new_data_is_a_missing_part():
    """By hand: with the same purchases, a first usage that scores 0 halves the score, and this is not behaviour."""
    rule = replace(load_formula(), parts=(Part("a", "a", 10, 1), Part("c", "c", 10, 1, "c_count")))
    then = pd.DataFrame({"a": [10.0], "c": [0.0], "c_count": [0.0]})
    now = pd.DataFrame({"a": [10.0], "c": [0.0], "c_count": [1.0]})
    change = rule_change(then, now, (rule, rule)).iloc[0]
    assert change[["before", "now", "behaviour", "weights", "missing_parts"]].tolist() == [100, 50, 0, 0, -50]


def test_on_a_simulated_log_all_parts_add_up(report):
    """Of rule and model, of every customer and of the base, to 1e-9; the other rule and the season have effects."""
    change = report.change
    for table, steps in ((change.rule, rule_steps(change.rule)), (change.model, list(MODEL_STEPS))):
        assert np.allclose(table[steps].sum(axis=1), table["now"] - table["before"], rtol=0, atol=1e-9)
    for _, bridge in change.bridge.groupby("side"):
        value = bridge.set_index("step")["value"]
        assert value.drop(["before", "now"]).sum() == pytest.approx(value["now"] - value["before"], abs=1e-9)
    assert change.rule["weights"].abs().max() > 1
    assert change.rule["missing_parts"].abs().max() > 1
    assert change.model["season"].abs().max() > 0


def test_scores_of_the_change_are_those_of_the_report(report):
    """`now` is the score or forecast in the customer table."""
    customers = report.tables["customers"].set_index("customer_id")
    change = report.change
    for table, column in ((change.model, "expected_purchases"), (change.rule, "loyalty_score")):
        both = table.index.intersection(customers.index)
        assert len(both) > 200
        assert table.loc[both, "now"].to_numpy() == pytest.approx(customers.loc[both, column].to_numpy(), rel=1e-9)


def test_customers_at_one_date_only_are_listed(report):
    """Every customer of the report is in the change or listed as new since."""
    change = report.change
    absent = change.unmatched[change.unmatched["side"] == "model"]
    assert sorted([*change.model.index, *absent.index[absent["reason"] == "new_since"]]) == sorted(
        report.comparison.features.index
    )


def test_one_model_at_both_dates_has_no_version_effect(shop, report):
    """With the same model and rule at both dates their versions change nothing."""
    rule, chosen = load_formula(), report.comparison.compared_model
    change = change_since(shop, cutoffs(SINCE, AS_OF), DAYS, (rule, rule), (chosen, chosen))
    assert (change.model["model_version"] == 0).all()
    assert np.allclose(change.rule["weights"], 0, atol=1e-9)


def test_a_date_that_is_not_earlier_is_refused(shop, report):
    """The error names both dates."""
    chosen = report.comparison.compared_model
    with pytest.raises(ValueError, match="2024-03-02 is not before 2024-03-01"):
        change_since(shop, cutoffs("2024-03-02", AS_OF), DAYS, (load_formula(),) * 2, (chosen,) * 2)


class StubModel:
    """Expects purchases as 10 a unit of behaviour, 3 a day, and its own level."""

    def __init__(self, level: float):
        self.level = level

    def predict(self, features: pd.DataFrame, day: int, horizon_days: int) -> pd.DataFrame:
        expected = 10 * features["behaviour"] + 3 * day + self.level + features["behaviour"] * day
        return pd.DataFrame({"expected_purchases": horizon_days * expected})


def test_causes_of_the_model_are_taken_in_their_order():
    """By hand: behaviour at the earlier date and model, then the date, then the model."""
    then, now = pd.DataFrame({"behaviour": [1.0]}), pd.DataFrame({"behaviour": [2.0]})
    change = model_change(then, now, (0, 1), 2, (StubModel(0), StubModel(100))).iloc[0]
    assert change[["before", "now"]].tolist() == [20, 250]
    assert change[["behaviour", "season", "model_version"]].tolist() == [20, 10, 200]


def test_both_orders_of_behaviour_and_weights_count_alike():
    """By hand: P goes from 0.2 to 0.6 and Q stays 0, weights from 1:1 to 3:1; each is the mean of its two effects."""
    rules = [replace(load_formula(), parts=(Part("a", "a", 10, w), Part("b", "b", 10, 1))) for w in (1, 3)]
    then, now = pd.DataFrame({"a": [2.0], "b": [0.0]}), pd.DataFrame({"a": [6.0], "b": [0.0]})
    change = rule_change(then, now, tuple(rules)).iloc[0]
    assert change[["before", "now"]].tolist() == pytest.approx([10, 45])
    assert change[["behaviour", "weights", "missing_parts"]].tolist() == pytest.approx([25, 10, 0])
    assert change[["behaviour_a", "behaviour_b"]].tolist() == pytest.approx([25, 0])
