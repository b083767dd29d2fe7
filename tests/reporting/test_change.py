"""What changed: parts that add up exactly, and each at 0 where its cause is the same on both dates."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.as_of import AsOf
from features.loyalty.formula import Formula, Part, load_formula
from features.loyalty.scoring import score
from reporting.change import MODEL_STEPS, change_since, rule_change, rule_steps

AS_OF, SINCE, DAYS = "2024-03-01", "2023-12-01", 90


def cutoffs(earlier: str, later: str) -> tuple[AsOf, AsOf]:
    return AsOf.parse(earlier, "UTC"), AsOf.parse(later, "UTC")


VALUE = st.floats(0, 2000) | st.just(float("nan"))


@st.composite
def rules(draw) -> Formula:
    """A rule with some of four parts, some of which are left out without data."""
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
def test_who_did_nothing_new_changes_by_the_rule_alone(table, before, after):
    """With the same features no part of behaviour is above rounding; with the same rule, none of the rule."""
    both = score(table, before)["loyalty_score"].notna() & score(table, after)["loyalty_score"].notna()
    same_features = rule_change(table[both], table[both], (before, after))
    assert np.allclose(same_features["behaviour"], 0, atol=1e-9)
    same_rule = rule_change(table[both], table[both], (after, after)) if both.any() else same_features[:0]
    assert np.allclose(same_rule[["weights", "missing_parts"]], 0, atol=1e-9)


def test_a_part_that_comes_in_is_told_as_missing_before():
    """By hand: purchases the same, and a first usage that scores 0 halves the score; that is no behaviour."""
    rule = replace(load_formula(), parts=(Part("a", "a", 10, 1), Part("c", "c", 10, 1, "c_count")))
    then = pd.DataFrame({"a": [10.0], "c": [0.0], "c_count": [0.0]})
    now = pd.DataFrame({"a": [10.0], "c": [0.0], "c_count": [1.0]})
    change = rule_change(then, now, (rule, rule)).iloc[0]
    assert change[["before", "now", "behaviour", "weights", "missing_parts"]].tolist() == [100, 50, 0, 0, -50]


def test_on_a_simulated_log_all_parts_add_up(report):
    """Of rule and model, of every customer and of the base: to 1e-9; the other rule and the season show."""
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
    """`now` is what the report says of the customer."""
    customers = report.tables["customers"].set_index("customer_id")
    change = report.change
    for table, column in ((change.model, "expected_purchases"), (change.rule, "loyalty_score")):
        both = table.index.intersection(customers.index)
        assert len(both) > 200
        assert table.loc[both, "now"].to_numpy() == pytest.approx(customers.loc[both, column].to_numpy(), rel=1e-9)


def test_who_is_at_one_date_alone_is_named(report):
    """Every customer of the report is in the change or named as new since."""
    change = report.change
    absent = change.unmatched[change.unmatched["side"] == "model"]
    assert sorted([*change.model.index, *absent.index[absent["reason"] == "new_since"]]) == sorted(
        report.comparison.features.index
    )


def test_one_model_on_both_dates_has_no_version_to_tell(shop, report):
    """With the same model then and now its version changes nothing."""
    rule, chosen = load_formula(), report.comparison.compared_model
    change = change_since(shop, cutoffs(SINCE, AS_OF), DAYS, (rule, rule), (chosen, chosen))
    assert (change.model["model_version"] == 0).all()
    assert np.allclose(change.rule["weights"], 0, atol=1e-9)


def test_a_date_that_is_not_earlier_is_refused(shop, report):
    """One line says which."""
    chosen = report.comparison.compared_model
    with pytest.raises(ValueError, match="2024-03-02 is not before 2024-03-01"):
        change_since(shop, cutoffs("2024-03-02", AS_OF), DAYS, (load_formula(),) * 2, (chosen,) * 2)
