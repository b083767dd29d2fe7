"""What the lists of model and rule contain at each length: "we can contact N customers"."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reporting.comparison import Comparison
from reporting.returns import list_length
from reporting.tables import outcomes, rankings
from training.evaluation.intervals import bootstrap, bootstrap_draws

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

LENGTHS = (10, 20, 50, 100, 150, 200, 300, 400, 500, 750, 1_000, 1_500, 2_000)
SIDES = ("model", "rule")
COLUMNS = (
    *("purpose", "measure", "list", "among", "by_model", "model_low", "model_high", "by_rule", "rule_low", "rule_high"),
    *("by_chance", "difference", "low", "high"),
)


def list_length_table(comparison: Comparison, outliers: pd.DataFrame) -> pd.DataFrame:
    """Return what the lists of both sides contain, for each purpose and length.

    Parameters
    ----------
    comparison : Comparison
    outliers : pandas.DataFrame
        What `reporting.outliers.outlier_table` returns.

    Returns
    -------
    pandas.DataFrame
        One row for each `purpose` (the outcome that the list looks for, as in the headline), `list` (its length, among
        them that of the headline) and `measure`: the purpose itself; `money`, net of returns: spend in the horizon,
        or, of those who churned, spend in the year before; and `money_without`, the same less that of the outliers.
        `by_model`, `by_rule` and `by_chance` are totals; `model_low` to `rule_high` their 95 % intervals; `difference`
        is that of model and rule, with its paired interval `low` to `high`. Equal scores share the last places.
    """
    tables = []
    for purpose in outcomes(comparison):
        eligible = eligible_customers(comparison, purpose)
        if eligible.any():
            tables.append(_lengths(comparison, purpose, eligible, outliers))
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


def eligible_customers(comparison: Comparison, purpose: str) -> NDArray[np.bool_]:
    """Return who can be on a list: everybody, and for churn those who bought within the last year."""
    everybody = np.ones(len(comparison.purchases), bool)
    return (comparison.features["purchase_days_365"] > 0).to_numpy() if purpose == "stayed_away" else everybody


def list_lengths(among: int) -> list[int]:
    """Return the lengths of lists from so many customers, ascending, with that of the headline."""
    return sorted({length for length in LENGTHS if length < among} | {list_length(among)})


def _measures(comparison: Comparison, purpose: str, outliers: pd.DataFrame) -> dict[str, Floats]:
    measures = {purpose: outcomes(comparison)[purpose]}
    if not comparison.has_spend:
        return measures
    period, money = "after", comparison.spend
    if purpose == "stayed_away":
        period, money = "before", comparison.features["net_spend_365"].where(comparison.churned, 0.0).fillna(0.0)
    measures["money"] = money.to_numpy(float)
    beyond = money.index.isin(outliers.loc[outliers["period"] == period, "customer_id"])
    return {**measures, "money_without": np.where(beyond, 0.0, measures["money"])}


def _lengths(comparison: Comparison, purpose: str, eligible: NDArray[np.bool_], outliers: pd.DataFrame) -> pd.DataFrame:
    measures = {name: values[eligible] for name, values in _measures(comparison, purpose, outliers).items()}
    scores = rankings(comparison, purpose)
    ties = {side: np.unique(-scores[side][eligible], return_inverse=True)[1] for side in SIDES}
    among = int(eligible.sum())
    lengths = list_lengths(among)

    def totals(rows: Rows) -> dict[tuple[str, str, int], float]:
        measured = {side: _found(ties[side][rows], measures, rows, lengths) for side in SIDES}
        figures: dict[tuple[str, str, int], float] = {}
        for measure in measures:
            model, rule = (measured[side][measure] for side in SIDES)
            for name, values in (("model", model), ("rule", rule), ("difference", model - rule)):
                figures |= {(measure, name, at): float(v) for at, v in zip(lengths, values, strict=True)}
        return figures

    lists = pd.DataFrame(pd.Series(totals(np.arange(among))).unstack(level=1))
    intervals = bootstrap(totals, among, bootstrap_draws(among))
    ends = pd.DataFrame(intervals.set_axis(pd.MultiIndex.from_tuples(intervals.index)).unstack(level=1))
    table = pd.DataFrame(
        {
            **{f"by_{side}": lists[side] for side in SIDES},
            **{f"{side}_{end}": ends[end, side] for side in SIDES for end in ("low", "high")},
            "difference": lists["difference"],
            "low": ends["low", "difference"],
            "high": ends["high", "difference"],
        }
    )
    table = table.rename_axis(["measure", "list"]).reset_index()
    chance = {name: values.mean() for name, values in measures.items()}
    table["by_chance"] = table["list"] * table["measure"].map(chance)
    return table.assign(purpose=purpose, among=among)


def _found(tie: Rows, measures: dict[str, Floats], rows: Rows, lengths: list[int]) -> dict[str, Floats]:
    """Return each measure's total of the first customers, at each length; equal scores share what they bring."""
    size = np.concatenate(([0.0], np.bincount(tie).cumsum()))
    totals = {
        name: np.concatenate(([0.0], np.bincount(tie, values[rows]).cumsum())) for name, values in measures.items()
    }
    return {name: np.interp(lengths, size, total) for name, total in totals.items()}
