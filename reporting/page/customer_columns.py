"""What a page holds of single customers: figures, factors of the forecast, and steps of the change."""

from typing import Any

import pandas as pd

from reporting.build import Report
from reporting.change import MODEL_STEPS, rule_steps
from reporting.explanations import factor_names

LEFT_OUT = ["rule_place", "model_place", "T", "stayed_away"]


def customer_columns(report: Report) -> pd.DataFrame:
    """Return the customer table with the factors of the forecast (`factor_*`) and the change (`change_*`)."""
    why = report.tables["why"]
    factors = why[factor_names(why)].add_prefix("factor_")
    values = report.tables["customers"].drop(columns=LEFT_OUT)
    table = pd.concat([values.reset_index(drop=True), factors.reset_index(drop=True)], axis=1)
    if report.change is None:
        return table
    for side, change, steps in (
        ("rule", report.change.rule, rule_steps(report.change.rule)),
        ("model", report.change.model, list(MODEL_STEPS)),
    ):
        table = table.join(change[["before", "now", *steps]].add_prefix(f"change_{side}_"), on="customer_id")
    return table


def customer_facts(report: Report) -> dict[str, Any]:
    """Return what the scripts need to show these columns: dates, weights, factors and steps."""
    comparison, why = report.comparison, report.tables["why"]
    return {
        "as_of": comparison.as_of,
        "currency": report.currency,
        "since": report.change.since if report.change else None,
        "horizon_days": comparison.horizon_days,
        "weights": {part.name: part.weight for part in comparison.formula.parts},
        "factors": factor_names(why),
        "average": float(why["average"].iloc[0]),
        "steps": {"rule": rule_steps(report.change.rule), "model": list(MODEL_STEPS)} if report.change else None,
    }
