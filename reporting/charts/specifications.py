"""All charts of a report, by their name on the page."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd

from reporting.charts.base_over_time import cohort_chart, group_chart, index_chart
from reporting.charts.change import bridge_chart
from reporting.charts.customers import swap_chart
from reporting.charts.forecasts import decile_chart, gain_chart, gap_chart, reliability_chart, segment_chart
from reporting.charts.style import Chart
from reporting.charts.verdicts import verdict_chart
from reporting.charts.weights import sensitivity_chart, weight_chart


def chart_builders(
    tables: Mapping[str, pd.DataFrame], thresholds: tuple[float, float]
) -> dict[str, Callable[[], Chart]]:
    """Return a function that makes the chart, for every chart that has data.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        The tables of `reporting.build.Report`.
    thresholds : tuple of float
        The loyalty score and the expected purchases from which on a customer is high.

    Returns
    -------
    dict of str to callable
        By the chart's name on the page. The chart `swap` reads the named data set `customers`.
    """
    builders: dict[str, Callable[[], Chart]] = {
        "swap": partial(swap_chart, *thresholds, float(tables["customers"]["expected_purchases"].max())),
        "segments": partial(segment_chart, tables["segments"]),
    }
    for outcome, curves in tables["gain"].groupby("outcome", sort=False):
        builders[f"gain_{outcome}"] = partial(gain_chart, curves)
    lengths = tables["list_lengths"]
    for outcome, rows in lengths[lengths["measure"] == lengths["purpose"]].groupby("purpose", sort=False):
        builders[f"gap_{outcome}"] = partial(gap_chart, rows)
    if tables["verdicts"]["date"].nunique() > 1:
        for outcome, rows in tables["verdicts"].groupby("outcome", sort=False):
            builders[f"verdicts_{outcome}"] = partial(verdict_chart, rows)
    builders["reliability"] = partial(reliability_chart, tables["reliability"])
    for side, groups in tables["deciles"].groupby("forecast", sort=False):
        builders[f"deciles_{side}"] = partial(decile_chart, groups, str(side), float(tables["deciles"]["high"].max()))
    builders["sensitivity"] = partial(sensitivity_chart, tables["sensitivity"])
    if tables["weights"]["now"].sub(tables["weights"]["suggested"]).abs().max() > 0:
        builders["weights"] = partial(weight_chart, tables["weights"], _parts_with_data(tables["customers"]))
    if len(tables["change_of_the_base"]):
        for side, steps in tables["change_of_the_base"].groupby("side", sort=False):
            builders[f"change_{side}"] = partial(bridge_chart, steps, str(side))
    return {**builders, **_base_builders(tables)}


def _base_builders(tables: Mapping[str, pd.DataFrame]) -> dict[str, Callable[[], Chart]]:
    """Return the charts of the base over time."""
    builders: dict[str, Callable[[], Chart]] = {"base_indices": partial(index_chart, tables["base_indices"])}
    for kind in tables["base_groups"].dropna(subset="share")["kind"].unique():
        builders[f"base_{kind}"] = partial(group_chart, tables["base_groups"], str(kind))
    if (tables["base_cohorts"]["period"] > 0).any():
        builders["base_cohorts"] = partial(cohort_chart, tables["base_cohorts"])
    return builders


def _parts_with_data(customers: pd.DataFrame) -> set[str]:
    points = customers.filter(regex="^points_").notna().any()
    return {str(name).removeprefix("points_") for name in points.index[points]}


def chart_specifications(
    tables: Mapping[str, pd.DataFrame], thresholds: tuple[float, float]
) -> dict[str, dict[str, Any]]:
    """Return the Vega-Lite specification of every chart that has data, by its name on the page."""
    return {name: build().to_dict() for name, build in chart_builders(tables, thresholds).items()}
