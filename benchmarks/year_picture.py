"""The picture of `benchmarks.year`: forecasts and purchases, what was recommended when, and what it cost."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = {"never refitted": "#a84b12", "refitted every week": "#14688a", "as the monitor says": "#41454f"}
LINES = dict(zip(COLOURS, ("-", "-", "--"), strict=True))
ACTIONS = {"look at the intake": "#e0b08d", "recalibrate": "#9cc3d3", "refit": "#14688a"}
PURCHASES, CHANGE = "#b5b2aa", "#b8325a"


def draw(arms: Mapping[str, Any], change_week: int, path: Path) -> None:
    """Write the picture; the same arms give the same file.

    Parameters
    ----------
    arms : mapping of str to benchmarks.year.Arm
    change_week : int
    path : Path
    """
    figure = Figure(figsize=(9, 9), dpi=100, layout="constrained")
    above, looks, losses, money = figure.subplots(4, 1, sharex=True, height_ratios=(3, 1.3, 2, 2))
    _forecasts(above, arms)
    _recommendations(looks, arms)
    best = "as the monitor says"
    for axes, measure, sign, title in (
        (losses, "log_loss", 1, "Log loss of 28 days, less that of following the monitor"),
        (money, "earned", -1, "Earnings of visits below those of following the monitor, added up"),
    ):
        _differences(axes, arms, best, measure, sign, title)
    for axes in (above, looks, losses, money):
        axes.axvline(change_week - 0.5, color=CHANGE, linewidth=1)
        axes.spines[["top", "right"]].set_visible(False)
    above.text(change_week - 0.2, above.get_ylim()[1], "purchases x0.6", color=CHANGE, va="top", fontsize=8)
    money.set_xlabel("week of the year")
    figure.savefig(path, format="png", metadata={"Software": None})


def _forecasts(axes: Axes, arms: Mapping[str, Any]) -> None:
    for name, arm in arms.items():
        weeks = pd.DataFrame(arm.weeks)
        if name == next(iter(arms)):
            axes.plot(weeks["purchases"], color=PURCHASES, linewidth=3, label="purchases")
        axes.plot(
            weeks["forecast"], color=COLOURS[name], linestyle=LINES[name], linewidth=1.5, label=f"forecast, {name}"
        )
    axes.set_ylim(bottom=0)
    axes.set_title("Purchase days in a week, and the forecasts of it", loc="left", fontsize=10)
    axes.legend(fontsize=8, frameon=False, loc="lower left", ncols=2)


def _recommendations(axes: Axes, arms: Mapping[str, Any]) -> None:
    for row, arm in enumerate(arms.values()):
        table = pd.DataFrame(arm.looks)
        for action, colour in ACTIONS.items():
            weeks = table["week"][table["recommended"] == action]
            axes.scatter(
                weeks, np.full(len(weeks), row), marker="s", s=34, color=colour, label=action if not row else None
            )
        done = table["week"][table["done"].isin(["recalibrated", "refit"])]
        axes.scatter(done, np.full(len(done), row), marker="x", s=22, color="black", label="done" if row == 2 else None)
    axes.set_yticks(range(len(arms)), list(arms), fontsize=8)
    axes.set_ylim(len(arms) - 0.5, -0.5)
    axes.set_title("What the monitor recommends (no mark: nothing)", loc="left", fontsize=10)
    axes.legend(fontsize=8, frameon=False, loc="center left", ncols=1)


def _differences(axes: Axes, arms: Mapping[str, Any], best: str, measure: str, sign: int, title: str) -> None:
    reference = pd.DataFrame(arms[best].costs)[measure]
    for name, arm in arms.items():
        difference = sign * (pd.DataFrame(arm.costs)[measure] - reference)
        values = difference.cumsum() if measure == "earned" else difference
        axes.plot(values, color=COLOURS[name], linestyle=LINES[name], linewidth=1.5)
    axes.set_title(title, loc="left", fontsize=10)
