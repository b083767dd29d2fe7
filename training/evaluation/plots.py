"""Plots of forecasts against the outcome."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from training.evaluation.metrics import deciles, gain_curve, reliability
from training.evaluation.skill import SKILLS, skill_reference

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


def skill_plot(table: pd.DataFrame, baselines: int = 3) -> Figure:
    """Draw skill over time: a row of panels for each horizon, the model with its interval and the best baselines.

    Parameters
    ----------
    table : pandas.DataFrame
        `date`, `horizon_days`, and the columns of `training.evaluation.skill.tidy_measures`.
    baselines : int, default 3
        How many baselines to draw in each panel: those with the highest mean skill.
    """
    horizons = sorted(table["horizon_days"].unique())
    figure = Figure(figsize=(11, 1 + 3 * len(horizons)), layout="constrained")
    panels = figure.subplots(len(horizons), len(SKILLS), squeeze=False, sharex=True)
    figure.suptitle(f"skill: 1 - loss / loss of {skill_reference(table['model'])}, with 95 % intervals")
    for horizon_days, row in zip(horizons, panels, strict=True):
        for skill, axes in zip(SKILLS, row, strict=True):
            chosen = table[(table["horizon_days"] == horizon_days) & (table["metric"] == skill)]
            _skill_panel(axes, chosen.dropna(subset="value"), baselines)
            axes.set(title=f"{SKILLS[skill].replace('_', ' ')}, {horizon_days} days", ylabel="skill")
    return figure


def _skill_panel(axes: Any, skills: pd.DataFrame, baselines: int) -> None:
    """Draw one panel; 0 is the reference, which has no line of its own."""
    axes.axhline(0, color="0.7", linewidth=1)
    axes.grid(axis="y", color="0.92")
    tested = skills[skills["model"] == "model"]
    others = skills[(skills["model"] != "model") & (skills.groupby("model")["value"].transform("count") > 0)]
    best = others.groupby("model")["value"].mean().nlargest(baselines).index
    for name in best:
        line = others[others["model"] == name]
        axes.plot(pd.to_datetime(line["date"]), line["value"], marker=".", linewidth=1, label=name)
    dates = pd.to_datetime(tested["date"])
    error = np.abs(tested[["low", "high"]].to_numpy(float).T - tested["value"].to_numpy(float))
    axes.errorbar(dates, tested["value"], error, marker="o", color="black", capsize=3, label="model")
    axes.tick_params(axis="x", rotation=30)
    axes.legend(frameon=False, fontsize="small")


def save_plot(figure: Figure, path: Path, kind: str) -> None:
    """Write a plot as a file of a kind, such as `.svg` or `.png`; the same plot gives the same bytes."""
    with rc_context({"svg.hashsalt": "regulars", "svg.fonttype": "none"}):
        dated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
        figure.savefig(path, format=kind.removeprefix("."), dpi=150, metadata=dated.get(kind))


def _figure(title: str, x: str, y: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=x, ylabel=y)
    return figure, axes
