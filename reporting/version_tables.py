"""The tables of a comparison of two versions: totals, distribution, agreement, who moves, and measures."""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from reporting.version_comparison import SIDES, VersionComparison
from training.agreement import BANDS, agreement
from training.evaluation.evaluation import measure_differences, measures

QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
COUNT_EDGES = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, np.nan)
"""Edges of the groups of expected purchases, in days; the last group has no upper edge."""
CHURN_EDGES = (0.0, *BANDS, 1.0)
BAND_NAMES = ("0-20 %", "20-40 %", "40-60 %", "60-80 %", "80-100 %")
SEGMENTS = ("new", "one-time", "repeat", "lapsed")
MOVERS = 20
"""How many of the largest changes each way the summary file has."""


def version_tables(compared: VersionComparison, metrics: tuple[str, ...] = ()) -> dict[str, pd.DataFrame]:
    """Return every table by name; dictionary.toml describes their columns.

    Parameters
    ----------
    compared : VersionComparison
    metrics : tuple of str
        Names of the metrics of `version_measures`; all without any.
    """
    customers = forecast_table(compared)
    return {
        "versions": versions_table(compared),
        "totals": totals_table(compared),
        "version_agreement": agreement_table(customers),
        "distribution": distribution_table(customers),
        "quantiles": quantile_table(compared),
        "bands": band_table(customers),
        "segment_changes": segment_table(customers),
        "version_measures": measure_table(compared, metrics),
        "version_differences": difference_table(compared),
        "forecasts": customers.reset_index(),
    }


def versions_table(compared: VersionComparison) -> pd.DataFrame:
    """Return a row for each version: what it is, and whether it learnt from events after the cutoff."""
    rows = []
    for side, each in compared.versions.items():
        card = each.model.card
        rows.append(
            {
                "side": side,
                "version": each.number,
                "recipe": each.registered.candidate or "",
                "aliases": ", ".join(each.registered.aliases),
                "data_until": each.data_until,
                "customers": card.customers,
                "rule_version": card.formula_version,
                "digest": each.registered.digest,
                "knows_outcome": side in compared.informed,
            }
        )
    return pd.DataFrame(rows)


def totals_table(compared: VersionComparison) -> pd.DataFrame:
    """Return a row for each version: sums and means of its forecasts over all customers."""
    rows = []
    for side in SIDES:
        forecast = compared.forecasts[side]
        rows.append(
            {
                "side": side,
                "version": compared.versions[side].number,
                "customers": len(forecast),
                "expected_purchases": forecast["expected_purchases"].sum(),
                "expected_spend": forecast["expected_spend"].sum(),
                "expected_churned": forecast["churn_probability"].sum(),
                "mean_purchases": forecast["expected_purchases"].mean(),
                "mean_churn": forecast["churn_probability"].mean(),
            }
        )
    return pd.DataFrame(rows)


def forecast_table(compared: VersionComparison) -> pd.DataFrame:
    """Return both forecasts of every customer, indexed by `customer_id`, the largest change first."""
    table = pd.DataFrame({"segment": compared.segment.astype("str")})
    for name in ("purchase_days", "days_since_last_purchase"):
        table[name] = compared.features[name]
    for name in ("expected_purchases", "churn_probability", "expected_spend"):
        for side in SIDES:
            table[f"{name}_{side}"] = compared.forecasts[side][name]
    table["change"] = table["expected_purchases_second"] - table["expected_purchases_first"]
    for side in SIDES:
        table[f"rank_{side}"] = table[f"expected_purchases_{side}"].rank(ascending=False)
        table[f"band_{side}"] = np.asarray(BAND_NAMES)[np.digitize(table[f"churn_probability_{side}"], BANDS)]
    table["band_changed"] = table["band_first"] != table["band_second"]
    if compared.purchases is not None:
        table["purchases"] = compared.purchases
    order = table["change"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].rename_axis("customer_id")


def agreement_table(customers: pd.DataFrame) -> pd.DataFrame:
    """Return how alike both forecasts are, as rows of `figure` and `value`.

    `total_ratio`, `rank_correlation`, `distance` and `band_changes` are those of `training.agreement`; `spend_ratio` is
    the sum of the second over that of the first; `top_kept` is the share of the top tenth by the first version that is
    in the top tenth by the second. NaN where undefined.
    """
    names = ("expected_purchases", "churn_probability")
    first, second = (pd.DataFrame({name: customers[f"{name}_{side}"] for name in names}) for side in SIDES)
    alike = agreement(second, first)
    size = max(1, round(0.1 * len(customers)))
    top = [set(customers[f"rank_{side}"].nsmallest(size).index) for side in SIDES]
    figures = {
        "total_ratio": alike["total"],
        "spend_ratio": _ratio(customers["expected_spend_second"].sum(), customers["expected_spend_first"].sum()),
        "rank_correlation": alike["rank_correlation"],
        "distance": alike["distribution"],
        "band_changes": alike["band_changes"],
        "top_kept": len(top[0] & top[1]) / size,
        "mean_change": float(customers["change"].mean()),
        "mean_absolute_change": float(customers["change"].abs().mean()),
    }
    return pd.DataFrame({"figure": list(figures), "value": list(figures.values())})


def distribution_table(customers: pd.DataFrame) -> pd.DataFrame:
    """Return how many customers each version has in groups of expected purchases and of churn probability.

    Columns: `forecast`, `from` (inclusive), `to` (exclusive, 1 inclusive; NaN for none), `first`, `second`.
    """
    rows = []
    for name, edges in (("expected_purchases", COUNT_EDGES), ("churn_probability", CHURN_EDGES)):
        groups = [np.digitize(customers[f"{name}_{side}"], edges[1:-1]) for side in SIDES]
        counts = [np.bincount(group, minlength=len(edges) - 1) for group in groups]
        rows += [(name, *edge, *pair) for edge, *pair in zip(pairwise(edges), *counts, strict=True)]
    return pd.DataFrame(rows, columns=["forecast", "from", "to", *SIDES])


def quantile_table(compared: VersionComparison) -> pd.DataFrame:
    """Return the quantiles of both forecasts: `forecast`, `quantile` (0 to 1), `first`, `second`, `change`."""
    rows = []
    for name in ("expected_purchases", "churn_probability", "expected_spend"):
        first, second = (np.quantile(compared.forecasts[side][name], QUANTILES) for side in SIDES)
        rows += [(name, *row) for row in zip(QUANTILES, first, second, second - first, strict=True)]
    return pd.DataFrame(rows, columns=["forecast", "quantile", *SIDES, "change"])


def band_table(customers: pd.DataFrame) -> pd.DataFrame:
    """Return how many customers are in each pair of bands of churn probability: `first`, `second`, `customers`."""
    counts = customers.groupby(["band_first", "band_second"]).size()
    every = pd.MultiIndex.from_product([BAND_NAMES, BAND_NAMES], names=list(SIDES))
    return counts.reindex(every, fill_value=0).rename("customers").reset_index()


def segment_table(customers: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each segment: its customers, the totals of both versions, and who changes band."""
    rows = []
    for name in SEGMENTS:
        inside = customers[customers["segment"] == name]
        if len(inside):
            first, second = (inside[f"expected_purchases_{side}"].sum() for side in SIDES)
            rows.append(
                {
                    "segment": name,
                    "customers": len(inside),
                    "first": first,
                    "second": second,
                    "ratio": _ratio(second, first),
                    "churn_first": inside["churn_probability_first"].mean(),
                    "churn_second": inside["churn_probability_second"].mean(),
                    "band_changes": int(inside["band_changed"].sum()),
                }
            )
    return pd.DataFrame(rows)


def measure_table(compared: VersionComparison, metrics: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return the measures of the versions that the outcome can judge; no row where it can judge none."""
    if compared.purchases is None or not compared.measured:
        return pd.DataFrame(columns=["side", "version"])
    table = measures(compared.purchases, {side: compared.forecasts[side] for side in compared.measured}, metrics)
    table = table.rename_axis("side").reset_index()
    table.insert(1, "version", [compared.versions[side].number for side in table["side"]])
    return table


def difference_table(compared: VersionComparison) -> pd.DataFrame:
    """Return the measures of the second version less those of the first, with paired 95 % intervals.

    There is a row for each measure only if the outcome can judge both.
    """
    if compared.purchases is None or compared.measured != list(SIDES):
        return pd.DataFrame(columns=["measure", "difference", "low", "high"])
    table = measure_differences(compared.purchases, compared.forecasts, "second", ["first"])
    return table.droplevel("against").reset_index()


def movers(customers: pd.DataFrame, up: bool, count: int = MOVERS) -> pd.DataFrame:
    """Return the customers whose expected purchases rise (or fall) most, of a table in order of the size of change."""
    return customers[customers["change"] > 0 if up else customers["change"] < 0].head(count)


def summary_json(compared: VersionComparison, tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the tables and the largest changes as a JSON document; the forecast of every customer is left out."""
    customers = tables["forecasts"]
    document = {
        "as_of": compared.as_of,
        "horizon_days": compared.horizon_days,
        "customers": len(customers),
        "without_forecast": compared.without_forecast,
        "data_digest": compared.data_digest,
        "outcome_known": compared.purchases is not None,
        **{name: _records(table) for name, table in tables.items() if name != "forecasts"},
        "movers": {"up": _records(movers(customers, True)), "down": _records(movers(customers, False))},
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as JSON values: null for what is not finite."""
    finite = table.astype("object").where(~table.isin([np.inf, -np.inf]) & table.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in finite.to_dict("records")]


def _ratio(a: float, b: float) -> float:
    return float(a / b) if b else float("nan")
