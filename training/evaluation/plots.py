"""Plots of a forecast against the outcome, kept with its run."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from training.evaluation.metrics import deciles, gain_curve, reliability

OWN = ("model", "champion", "champion_recipe")
"""The forecasts that a plot of many emphasises."""


def reliability_plot(purchases: pd.Series, forecast: pd.DataFrame, title: str) -> Figure:
    """Draw the share of customers who churned against the churn probability (CORP reliability diagram)."""
    figure, axes = _figure(title, "churn probability", "share that churned")
    curve = reliability(purchases.to_numpy() == 0, forecast["churn_probability"])
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.step(curve["said"], curve["came_true"], where="mid")
    axes.scatter(curve["said"], curve["came_true"], s=60 * np.sqrt(curve["customers"] / len(purchases)))
    return figure


def gain_plot(purchases: pd.Series, forecasts: Mapping[str, pd.DataFrame], title: str) -> Figure:
    """Draw the cumulative gain: the share of all purchases made by the customers that each forecast ranks first."""
    figure, axes = _figure(title, "share of customers", "share of purchases")
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for name, forecast in forecasts.items():
        curve = gain_curve(purchases, forecast["expected_purchases"])
        axes.plot(curve["customers"], curve["share"], label=name)
    axes.legend(frameon=False)
    return figure


def decile_plot(purchases: pd.Series, forecast: pd.DataFrame, title: str) -> Figure:
    """Draw mean expected and mean observed purchases of ten groups of customers, the highest expected first."""
    figure, axes = _figure(title, "tenth of the customers, highest first", "purchase days a customer")
    table = deciles(purchases, forecast["expected_purchases"])
    axes.bar(table["decile"] - 0.2, table["expected"], width=0.4, label="expected")
    axes.bar(table["decile"] + 0.2, table["came"], width=0.4, label="observed")
    axes.legend(frameon=False)
    return figure


def losses_plot(losses: pd.DataFrame, name: str) -> Figure:
    """Draw a loss of each forecast (the columns) at the dates of the trials (the rows)."""
    figure, axes = _figure(name.replace("_", " "), "date of the trial", "logarithmic")
    axes.set_yscale("log")  # forecasts as bad as `zero` leave no room for the differences of the others
    for forecast, values in losses.items():
        own = forecast in OWN
        axes.plot(losses.index, values, marker="o", label=forecast, zorder=2 + own, linewidth=1.5 + own)
    axes.legend(frameon=False, fontsize="small")
    return figure


def _figure(title: str, x: str, y: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=x, ylabel=y)
    return figure, axes
