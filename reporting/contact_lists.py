"""The customers on each list, with the reason why they are on it and a next step: what a salesperson works from."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from reporting.comparison import Comparison
from reporting.explanations import LIMITS, factor_names
from reporting.list_lengths import LENGTHS, SIDES, eligible_customers
from reporting.tables import outcomes, rankings
from reporting.translations import catalogue, plain_text

LEAST_FACTOR = float(np.log(1.05))
"""A factor closer to 1 than this is no reason."""
MOSTLY = 0.5
"""From this share on, returns or churn decide the next step."""
HIGH_SPEND = 0.75
"""The quantile of expected spend from which on a customer is worth an account plan."""
SHOWN = (
    *("customer_id", "segment", "band", "loyalty_score", "expected_purchases", "churn_probability", "expected_spend"),
    *("days_since_last_purchase", "net_spend_365"),
)


def next_steps(customers: pd.DataFrame) -> pd.Series:
    """Return what to do next with each customer, by the first condition that holds.

    A suggestion by segment and forecast, not an effect that was measured: `effects` measures those.

    Parameters
    ----------
    customers : pandas.DataFrame
        The customer table of `reporting.customers.customer_table`.

    Returns
    -------
    pandas.Series of str
        `returns`: returned at least half of what was bought in the last year; `win_back`: lapsed; `welcome`: new;
        `second_purchase`: one purchase day so far; `check_in`: will rather churn than buy; `account`: expected spend in
        the top quarter; `keep`: all others.
    """
    bought = customers["net_spend_365"].fillna(0) + customers["returned_365"].fillna(0)
    spend = customers["expected_spend"]
    conditions = {
        "returns": (bought > 0) & (customers["returned_365"] >= MOSTLY * bought),
        "win_back": customers["segment"] == "lapsed",
        "welcome": customers["segment"] == "new",
        "second_purchase": customers["segment"] == "one-time",
        "check_in": customers["churn_probability"] >= MOSTLY,
        "account": (spend > 0) & (spend >= spend.quantile(HIGH_SPEND)),
    }
    names = np.select(list(conditions.values()), list(conditions), "keep")
    return pd.Series(names, customers.index, dtype="str", name="next_step")


def contact_table(comparison: Comparison, customers: pd.DataFrame, why: pd.DataFrame) -> pd.DataFrame:
    """Return the lists of both sides for each purpose, as long as the longest of `LENGTHS`.

    Parameters
    ----------
    comparison : Comparison
    customers, why : pandas.DataFrame
        The customer table and the factors of the forecasts, with the comparison's customers in its order.

    Returns
    -------
    pandas.DataFrame
        `purpose`, `side` (model or rule), `place` (from 1; equal scores in the order of the customers), the columns
        `SHOWN` of the customer, `reason`, `reason_value`, `reason_most` and `next_step`. The reason of the model is the
        factor that raises the forecast most (for churn, that lowers it most), as a multiple; `forecast` where there is
        none. That of the rule is the part with the most points (for churn, the part that lacks the most), with the
        points and the most that it can give.
    """
    steps = next_steps(customers)
    tables = []
    for purpose in outcomes(comparison):
        places = np.flatnonzero(eligible_customers(comparison, purpose))
        scores = rankings(comparison, purpose)
        for side in SIDES:
            order = places[np.argsort(-scores[side][places], kind="stable")][: LENGTHS[-1]]
            listed = customers.iloc[order]
            reasons = (
                _factors(why.iloc[order], purpose == "stayed_away")
                if side == "model"
                else _parts(comparison, listed, purpose == "stayed_away")
            )
            table = listed[list(SHOWN)].reset_index(drop=True)
            table = table.join(reasons).assign(next_step=steps.iloc[order].to_numpy())
            table.insert(0, "purpose", purpose)
            table.insert(1, "side", side)
            table.insert(2, "place", np.arange(1, len(order) + 1))
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def in_words(contacts: pd.DataFrame, language: str) -> pd.DataFrame:
    """Return `contact_table` for people: reason and next step as texts of a language, without the reason's figures."""
    texts = catalogue(language)
    figures = zip(contacts["reason"], contacts["reason_value"], contacts["reason_most"], strict=True)
    words = contacts.drop(columns=["reason_value", "reason_most"])
    words["reason"] = [reason_text(texts, *each) for each in figures]
    words["next_step"] = [plain_text(texts, f"next_step.{step}") for step in contacts["next_step"]]
    return words


def reason_text(texts: Mapping[str, str], reason: str, value: float, most: float) -> str:
    """Return a reason of `contact_table` in words: `Basket size × 1.80`, `Amount: 38.1 of 57.1 points`."""
    if reason == "forecast":
        return plain_text(texts, "reason.forecast")
    kind = "factor" if reason.startswith("factor.") else "part"
    values = {"name": f"@{reason}", "value": f"{value:.{2 if kind == 'factor' else 1}f}", "most": f"{most:.1f}"}
    return plain_text(texts, f"reason.{kind}", values)


def _factors(why: pd.DataFrame, lowering: bool) -> pd.DataFrame:
    names = [name for name in factor_names(why) if name != LIMITS]
    if not names:
        return pd.DataFrame({"reason": "forecast", "reason_value": np.nan, "reason_most": np.nan}, range(len(why)))
    logs = why[names].to_numpy(float) * (-1 if lowering else 1)
    strongest = logs.argmax(axis=1)
    value = logs[np.arange(len(logs)), strongest]
    stands_out = value >= LEAST_FACTOR
    reason = np.where(stands_out, np.asarray([f"factor.{name}" for name in names])[strongest], "forecast")
    multiple = np.where(stands_out, np.exp(-value if lowering else value), np.nan)
    return pd.DataFrame({"reason": reason, "reason_value": multiple, "reason_most": np.nan})


def _parts(comparison: Comparison, customers: pd.DataFrame, lacking: bool) -> pd.DataFrame:
    parts = comparison.formula.parts
    points = customers[[f"points_{part.name}" for part in parts]].to_numpy(float)
    weights = np.where(np.isnan(points), 0.0, [part.weight for part in parts])
    most = 100 * weights / weights.sum(axis=1, keepdims=True)
    ranked = np.where(np.isnan(points), -np.inf, most - points if lacking else points)
    chosen = (np.arange(len(points)), ranked.argmax(axis=1))
    names = np.asarray([f"part.{part.name}" for part in parts])[chosen[1]]
    return pd.DataFrame({"reason": names, "reason_value": points[chosen], "reason_most": most[chosen]})
