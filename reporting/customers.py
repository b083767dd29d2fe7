"""One row a customer: what rule and model said, where each puts them, and what came."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from reporting.comparison import Comparison

TOP = 0.25
"""Who is high in a score: the first quarter of the customers."""
QUADRANTS = ("both", "rule_only", "model_only", "neither")
HISTORY = ("T", "purchase_days", "days_since_last_purchase", "spend_365")


def customer_table(comparison: Comparison) -> pd.DataFrame:
    """Return every customer compared, indexed by `customer_id`; columns as in dictionary.toml."""
    model = comparison.forecasts["model"]
    rule = comparison.rule
    columns = {
        "segment": comparison.segment.astype("str"),
        **{name: comparison.features[name] for name in HISTORY},
        "loyalty_score": rule["loyalty_score"],
        "band": rule["band"].astype("str"),
        "coverage": rule["coverage"],
        **{f"points_{part.name}": rule[f"contribution_{part.name}"] for part in comparison.formula.parts},
        **{name: model[name] for name in model.columns},
        "purchases": comparison.purchases,
        "stayed_away": comparison.stayed_away,
        "spend": comparison.spend,
        "rule_place": place(rule["loyalty_score"]),
        "model_place": place(model["expected_purchases"]),
        "quadrant": quadrant(rule["loyalty_score"], model["expected_purchases"]),
    }
    return pd.DataFrame(columns, index=comparison.features.index)


def place(score: pd.Series) -> pd.Series:
    """Return where each stands, from 0 (lowest) to 100 (highest); equal scores share the middle of their places."""
    return (score.rank() - 0.5) * (100 / max(1, len(score)))


def cut(score: ArrayLike) -> float:
    """Return the score from which on one belongs to the first `TOP` of the customers."""
    ordered = np.sort(np.asarray(score, float))
    return float(ordered[-max(1, round(TOP * len(ordered)))])


def quadrant(rule: pd.Series, model: pd.Series) -> pd.Series:
    """Return `both`, `rule_only`, `model_only` or `neither`: who is high in which of the two.

    High in the rule is who reaches its `cut`, with all of that score; the model's list is made just as long, equal
    forecasts in order of the customers.
    """
    by_rule = rule.to_numpy() >= cut(rule)
    by_model = np.zeros(len(rule), bool)
    by_model[np.argsort(-model.to_numpy(), kind="stable")[: by_rule.sum()]] = True
    names = np.select([by_rule & by_model, by_rule, by_model], QUADRANTS[:3], QUADRANTS[3])
    return pd.Series(names, rule.index, dtype="str", name="quadrant")


def outcome_rows(customers: pd.DataFrame, bought: str, stayed_away: str) -> list[dict[str, object]]:
    """Return the customers as the picture of the swap set draws them; `outcome` is one of the two texts."""
    columns = ["customer_id", "loyalty_score", "expected_purchases", "churn_probability", "purchases", "quadrant"]
    came = np.where(customers["stayed_away"], stayed_away, bought)
    return [
        {str(key): value for key, value in row.items()}
        for row in customers[columns].assign(outcome=came).to_dict("records")
    ]
