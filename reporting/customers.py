"""The customer table: the score and forecast of every customer, their percentile ranks, and the outcome."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from reporting.comparison import Comparison
from reporting.returns import returned_last_year

HIGH_SHARE = 0.25
"""The share of the customers with the highest scores that counts as high."""
QUADRANTS = ("both", "rule_only", "model_only", "neither")
HISTORY_COLUMNS = ("T", "purchase_days", "days_since_last_purchase", "net_spend_365")
SCATTER_COLUMNS = [
    *("customer_id", "loyalty_score", "expected_purchases", "churn_probability", "purchases", "quadrant"),
]


def customer_table(comparison: Comparison) -> pd.DataFrame:
    """Return one row per compared customer, indexed by `customer_id`, with the columns of dictionary.toml."""
    model, rule = comparison.forecasts["model"], comparison.rule
    columns = {
        "segment": comparison.segment.astype("str"),
        **{name: comparison.features[name] for name in HISTORY_COLUMNS},
        "returned_365": returned_last_year(comparison.features),
        "loyalty_score": rule["loyalty_score"],
        "band": rule["band"].astype("str"),
        "coverage": rule["coverage"],
        **{f"points_{part.name}": rule[f"contribution_{part.name}"] for part in comparison.formula.parts},
        **{name: model[name] for name in model.columns},
        "purchases": comparison.purchases,
        "stayed_away": comparison.churned,
        "spend": comparison.spend,
        "returned": comparison.returned,
        "rule_place": percentile_rank(rule["loyalty_score"]),
        "model_place": percentile_rank(model["expected_purchases"]),
        "quadrant": quadrant(rule["loyalty_score"], model["expected_purchases"]),
    }
    return pd.DataFrame(columns, index=comparison.features.index)


def percentile_rank(score: pd.Series) -> pd.Series:
    """Return the rank of each score, 0 (lowest) to 100 (highest); equal scores share the mean of their ranks.

    Examples
    --------
    >>> percentile_rank(pd.Series([1.0, 2.0, 2.0, 9.0])).tolist()
    [12.5, 50.0, 50.0, 87.5]
    """
    return (score.rank() - 0.5) * (100 / max(1, len(score)))


def high_threshold(score: ArrayLike) -> float:
    """Return the lowest score among the highest `HIGH_SHARE` of the customers."""
    ordered = np.sort(np.asarray(score, float))
    return float(ordered[-max(1, round(HIGH_SHARE * len(ordered)))])


def quadrant(rule: pd.Series, model: pd.Series) -> pd.Series:
    """Return `both`, `rule_only`, `model_only` or `neither`: which of the two scores rank the customer high.

    A customer is high by the rule from its `high_threshold` on, ties included. The model's list has the same length;
    equal forecasts are taken in the order of the customers.
    """
    by_rule = rule.to_numpy() >= high_threshold(rule)
    by_model = np.zeros(len(rule), bool)
    by_model[np.argsort(-model.to_numpy(), kind="stable")[: by_rule.sum()]] = True
    names = np.select([by_rule & by_model, by_rule, by_model], QUADRANTS[:3], QUADRANTS[3])
    return pd.Series(names, rule.index, dtype="str", name="quadrant")


def scatter_rows(customers: pd.DataFrame, bought: str, churned: str) -> list[dict[str, object]]:
    """Return the rows of the scatter plot, with `outcome` as one of the two given texts."""
    outcome = np.where(customers["stayed_away"], churned, bought)
    records = customers[SCATTER_COLUMNS].assign(outcome=outcome).to_dict("records")
    return [{str(key): value for key, value in record.items()} for record in records]
