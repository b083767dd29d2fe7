"""What a page holds of single customers is what the tables have."""

import numpy as np

from reporting.page.customer_columns import customer_columns, customer_facts


def test_every_customer_has_figures_factors_and_steps(report):
    """In the order of the table; factors as in why, steps as in the change, null without one."""
    table = customer_columns(report)
    customers, why = report.tables["customers"], report.tables["why"]
    assert table["customer_id"].tolist() == customers["customer_id"].tolist()
    for name in customer_facts(report)["factors"]:
        np.testing.assert_array_equal(table[f"factor_{name}"], why[name])
    change = report.change.rule["now"].reindex(customers["customer_id"])
    np.testing.assert_array_equal(table["change_rule_now"], change)


def test_facts_name_the_dates_and_the_rule(report):
    """What the scripts need beside the columns."""
    facts = customer_facts(report)
    assert (facts["as_of"], facts["horizon_days"]) == (report.comparison.as_of, report.comparison.horizon_days)
    assert facts["weights"] == {part.name: part.weight for part in report.comparison.formula.parts}
    assert set(facts["steps"]) == {"rule", "model"}
