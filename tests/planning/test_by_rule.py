"""Offers by rule and the optimised plan stand side by side, on the same customers and budget."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.as_of import AsOf
from features.loyalty.formula import load_formula
from planning.allocation.allocate import allocate
from planning.allocation.limits import make_limits
from planning.by_rule import allocate_by_rule, comparison, offers_like, optimum_beside_rule, rule_beside_plan
from planning.catalogue.catalogue_file import load_catalogue
from planning.catalogue.incentive_rules import load_incentive_rules
from planning.options.options_table import make_options
from tests.planning.catalogue.test_incentive_rules import table

RULES = load_incentive_rules(load_formula(), "retail")
CUTOFF, MONDAY = AsOf.parse("2024-06-03", "UTC"), 19_877


def test_both_sides_are_counted_by_hand() -> None:
    """Value, cost and losses of each side; a customer in both is alone in neither."""
    frame = {"customer_id": ["a", "b"], "value": [5.0, 1.0], "cost_expected": [2.0, 1.0]}
    rule = pd.DataFrame({"customer_id": ["b", "c", "d"], "value": [1.0, -2.0, -1.0], "cost_expected": [1.0, 3.0, 2.0]})
    found = comparison(RULES, 9.0, pd.DataFrame(frame), rule)
    assert found["optimised"] == {"chosen": 2, "expected": 6.0, "cost": 3.0, "losing": 0, "alone": 1}
    assert found["by_rule"] == {"chosen": 3, "expected": -2.0, "cost": 6.0, "losing": 2, "alone": 2}
    assert (found["both"], found["budget"]) == (1, 9.0)


@given(st.integers(0, 300), st.floats(0, 3000))
def test_the_optimum_of_the_same_offers_is_never_worse(seed: int, budget: float) -> None:
    """Under the same budget, by the effects that both expect; neither costs more than the budget."""
    people = table(60, seed)
    rules = offers_like(RULES, load_catalogue("retail"))
    options = make_options(people, rules, CUTOFF, MONDAY).table
    rule = allocate_by_rule(options, people["loyalty_score"], budget)
    limits = make_limits(options, rules)
    best = allocate(options, limits.usage, np.array([budget]))
    found = comparison(rules, budget, options[best.chosen], options[rule.chosen])
    assert found["optimised"]["expected"] >= found["by_rule"]["expected"] - 1e-6
    assert max(found["optimised"]["cost"], found["by_rule"]["cost"]) <= budget + 1e-6


def test_the_rules_take_budget_margin_and_horizon_of_the_plan() -> None:
    """So a value is of one kind on both sides; a catalogue without money leaves the rules their own budget."""
    catalogue = load_catalogue("retail")
    offers = offers_like(RULES, catalogue)
    assert offers.pool("budget").amount == catalogue.pool("budget").amount
    assert (offers.margin, offers.horizon_days) == (catalogue.margin, catalogue.horizon_days)
    people = table(500, 1).assign(frequency=3.0, purchase_days=4.0, days_since_last_purchase=20.0)
    options = make_options(people, catalogue, CUTOFF, MONDAY).table.iloc[:3]
    offered = make_options(people, offers, CUTOFF, MONDAY).table
    found = rule_beside_plan(offers, offered, people["loyalty_score"], options)
    assert found["optimised"]["chosen"] == 3
    assert 0 < found["by_rule"]["cost"] <= found["budget"]
    rule = allocate_by_rule(offered, people["loyalty_score"], found["budget"])
    best = optimum_beside_rule(offers, offered, rule)
    assert best["by_rule"]["expected"] == pytest.approx(rule.value)
    assert best["optimised"]["expected"] > rule.value
