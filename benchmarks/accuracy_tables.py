"""The tables of `benchmarks.accuracy` in Markdown: measures, comparisons, silent customers, one-time buyers."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from benchmarks.accuracy_cache import Case
from benchmarks.accuracy_measures import by_log

FREQUENT = 10
"""Customers with at least so many purchase days are frequent buyers."""


def markdown(table: pd.DataFrame, digits: int = 3) -> str:
    """Return a table in Markdown, its index first."""
    plain = table.reset_index()
    lines = ["| " + " | ".join(str(name) for name in plain.columns) + " |"]
    lines.append("|" + "".join("---:|" if pd.api.types.is_numeric_dtype(kind) else "---|" for kind in plain.dtypes))
    lines += ["| " + " | ".join(_cell(value, digits) for value in row) + " |" for row in plain.itertuples(index=False)]
    return "\n".join(lines)


def _cell(value: object, digits: int) -> str:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.{digits}f}"
    return f"{value:,}" if isinstance(value, int | np.integer) else str(value)


def overdue(features: pd.DataFrame) -> pd.Series:
    """Return the days since the last purchase as a multiple of the mean days between purchases so far."""
    return features["days_since_last_purchase"] * features["purchase_days"] / (features["T"] + 1)


def silent_customers(found: Sequence[Case], names: Sequence[str], groups: int = 10) -> pd.DataFrame:
    """Return forecast and outcome of frequent buyers by how long they have been silent relative to their own rate.

    Returns
    -------
    DataFrame
        By `log` and `group` (1: bought lately): `customers`, the mean `silence` in own gaps, the mean `purchases` that
        came, and the mean forecast of each name, of simulated logs the `truth` too. All dates of a log are pooled, each
        with its longest horizon.
    """
    tables = {}
    for log, cases in by_log(found).items():
        longest = {case.date: max(c.horizon_days for c in cases if c.date == case.date) for case in cases}
        rows = [_frequent(case, names) for case in cases if case.horizon_days == longest[case.date]]
        table = pd.concat(rows)
        if len(table) < groups:
            continue
        group = pd.qcut(table["silence"].rank(method="first"), groups, labels=range(1, groups + 1)).rename("group")
        means = table.groupby(group, observed=True).mean()
        means.insert(0, "customers", table.groupby(group, observed=True).size())
        tables[log] = means
    return pd.concat(tables, names=["log"]) if tables else pd.DataFrame()


def _frequent(case: Case, names: Iterable[str]) -> pd.DataFrame:
    table = pd.DataFrame({"silence": overdue(case.features), "purchases": case.purchases})
    if case.truth is not None:
        table["truth"] = case.truth["expected_purchases"]
    for name in names:
        if name in case.forecasts:
            table[name] = case.forecasts[name]["expected_purchases"]
    return table[case.features["purchase_days"] >= FREQUENT]


def one_time_buyers(found: Sequence[Case], names: Sequence[str]) -> pd.DataFrame:
    """Return for customers with one purchase day, by case, the share that did `none` and what each name forecast."""
    rows = {}
    for case in found:
        once = (case.features["purchase_days"] == 1).to_numpy()
        if once.any():
            rows[case.key] = {"customers": int(once.sum()), "none": float((case.purchases[once] == 0).mean())} | {
                name: float(case.forecasts[name].loc[once, "churn_probability"].mean())
                for name in names
                if name in case.forecasts
            }
    if not rows:
        return pd.DataFrame()
    table = pd.DataFrame.from_dict(rows, orient="index").astype({"customers": int})
    table.index = pd.MultiIndex.from_tuples(list(rows), names=["log", "date", "horizon"])
    return table
