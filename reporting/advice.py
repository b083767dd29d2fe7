"""Which score to use for what and for whom, in sentences made from the tables: what the page says first."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from reporting.log_warnings import Notice
from reporting.number_formats import count, money, number
from reporting.swap_set import difference_interval
from reporting.verdicts import verdict

FEWEST = 30
"""The fewest customers of a group on whom a sentence may rest."""


def advice(tables: Mapping[str, pd.DataFrame], currency: str = "") -> list[Notice]:
    """Return the sentences, as keys and arguments of the page's texts.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        `headline`, `customers`, `quadrants` and `segments` of the report.
    currency : str
        Shown with money.

    Returns
    -------
    list of (str, dict)
        For each outcome the score to use, with what the other one would lose; then, if it is beyond chance, that the
        rule ranks customers high who have stopped buying; last in how many segments the model's churn probability is
        outside the interval of the observed share, with the worst.
    """
    return [
        *(_use(row, currency) for row in tables["headline"].to_dict("records")),
        *_silence(tables["customers"], tables["quadrants"]),
        *_misses(tables["segments"]),
    ]


def misses(table: pd.DataFrame, predicted: str, side: str = "model") -> pd.DataFrame:
    """Return the rows of a side whose prediction is outside `low` to `high`, the interval of the observed figure."""
    rows = table[table["forecast"] == side]
    return rows[(rows[predicted] < rows["low"]) | (rows[predicted] > rows["high"])]


def _use(row: Mapping[Hashable, Any], currency: str) -> Notice:
    ahead = verdict(row["low"], row["high"])
    sign = -1 if ahead == "rule" else 1
    low, high = sorted((sign * row["low"], sign * row["high"]))
    unit = currency if row["outcome"] == "spend" else ""
    figures = {
        "list": count(row["list"]),
        **{name: money(row[name], unit) for name in ("by_model", "by_rule")},
        "difference": money(sign * row["difference"], unit),
        "low": money(low, unit),
        "high": money(high, unit),
    }
    return f"advice.{row['outcome']}_{ahead}", figures


def _silence(customers: pd.DataFrame, quadrants: pd.DataFrame) -> list[Notice]:
    lapsed = (customers["segment"] == "lapsed").to_numpy(float)
    rule, model = (lapsed[customers["quadrant"] == name] for name in ("rule_only", "model_only"))
    if min(len(rule), len(model)) < FEWEST or difference_interval(rule, model)[0] <= 0:
        return []
    median = quadrants.set_index("quadrant")["median_days_since_last_purchase"]
    figures = {
        "customers": count(len(rule)),
        "rule": number(100 * rule.mean(), 0),
        "model": number(100 * model.mean(), 0),
        "rule_days": count(median["rule_only"]),
        "model_days": count(median["model_only"]),
    }
    return [("advice.silence", figures)]


def _misses(segments: pd.DataFrame) -> list[Notice]:
    of_model = segments[(segments["forecast"] == "model") & (segments["customers"] >= FEWEST)]
    missed = misses(of_model, "said")
    if missed.empty:
        return []
    worst = missed.iloc[int((missed["said"] - missed["stayed_away"]).abs().argmax())]
    figures = {
        "missed": count(len(missed)),
        "segments": count(len(of_model)),
        "segment": f"@segment.{worst['segment']}",
        "said": number(100 * worst["said"], 0),
        "observed": number(100 * worst["stayed_away"], 0),
        "low": number(100 * worst["low"], 0),
        "high": number(100 * worst["high"], 0),
    }
    return [("advice.missed", figures)]
