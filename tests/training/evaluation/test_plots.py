"""The plots show the curves of the metrics, with axes that say what they are."""

import numpy as np
import pandas as pd
import pytest

from training.evaluation.metrics import deciles, gain_curve, reliability
from training.evaluation.plots import decile_plot, gain_plot, losses_plot, reliability_plot, save_plot, skill_plot

RNG = np.random.default_rng(0)
MU = RNG.gamma(0.8, 2.0, 400)
PURCHASES = pd.Series(RNG.poisson(MU), name="purchases")
FORECAST = pd.DataFrame({"expected_purchases": MU, "churn_probability": np.exp(-MU)})


def labelled(figure, title: str):
    [axes] = figure.axes
    assert axes.get_title() == title
    assert axes.get_xlabel()
    assert axes.get_ylabel()
    return axes


def test_reliability_is_drawn_beside_the_diagonal() -> None:
    """A step for each level of the curve."""
    axes = labelled(reliability_plot(PURCHASES, FORECAST, "90 days"), "90 days")
    diagonal, steps = axes.lines
    curve = reliability(PURCHASES == 0, FORECAST["churn_probability"])
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    np.testing.assert_allclose(steps.get_xydata(), curve[["said", "came_true"]])


def test_every_forecast_has_its_gain_curve() -> None:
    """Named in the legend."""
    forecasts = {"model": FORECAST, "zero": FORECAST * 0}
    axes = labelled(gain_plot(PURCHASES, forecasts, "title"), "title")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["model", "zero"]
    expected = gain_curve(PURCHASES, MU)
    np.testing.assert_allclose(axes.lines[1].get_xydata(), expected)


def test_ten_groups_have_two_bars_each() -> None:
    """What was expected beside what was observed."""
    axes = labelled(decile_plot(PURCHASES, FORECAST, "title"), "title")
    heights = np.array([bar.get_height() for bar in axes.patches]).reshape(2, 10)
    table = deciles(PURCHASES, MU)
    assert heights == pytest.approx(table[["expected", "came"]].to_numpy().T)


def test_losses_are_lines_over_the_dates_of_trials() -> None:
    """One for each forecast, the model's own above the others."""
    losses = pd.DataFrame({"zero": [9.0, 8.0], "model": [0.5, 0.4]}, index=["2011-06-13", "2011-09-11"])
    axes = labelled(losses_plot(losses, "log_loss"), "log loss")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["zero", "model"]
    assert [list(line.get_ydata()) for line in axes.lines] == [[9.0, 8.0], [0.5, 0.4]]
    assert axes.lines[1].get_zorder() > axes.lines[0].get_zorder()


def tidy(dates: list[str], **skills: float) -> pd.DataFrame:
    """Skills of forecasts at dates, for two horizons; the model's with an interval."""
    rows = [
        (day, days, name, metric, value, value - 0.1 if name == "model" else np.nan, value + 0.2)
        for day in dates
        for days in (30, 90)
        for name, value in skills.items()
        for metric in ("deviance_skill", "log_loss_skill")
    ]
    return pd.DataFrame(rows, columns=["date", "horizon_days", "model", "metric", "value", "low", "high"])


def test_skill_has_a_row_of_panels_for_each_horizon() -> None:
    """The model with the ends of its intervals, and the best baselines by name."""
    table = tidy(["2024-01-01", "2024-02-01"], model=0.4, base_rate=0.0, good=0.3, bad=-5.0)
    figure = skill_plot(table, baselines=2)
    assert [axes.get_title() for axes in figure.axes] == [
        f"{loss}, {days} days" for days in (30, 90) for loss in ("deviance", "log loss")
    ]
    for axes in figure.axes:
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["good", "base_rate", "model"]
        [bars] = [container for container in axes.containers if container.get_label() == "model"]
        ends = [tuple(round(float(y), 9) for _, y in segment) for segment in bars[2][0].get_segments()]
        assert ends == [(0.3, 0.6)] * 2


def test_skill_that_is_undefined_is_not_drawn() -> None:
    """A date without an interval has its point; without any value the panel is empty."""
    table = tidy(["2024-01-01"], model=0.4, good=0.3).assign(low=np.nan, high=np.nan)
    table.loc[table["horizon_days"] == 90, "value"] = np.nan
    figure = skill_plot(table)
    assert len(figure.axes[0].lines[-1].get_xdata()) > 0
    assert len(figure.axes) == 4


@pytest.mark.parametrize("kind", [".svg", ".png", ".pdf"])
def test_the_same_plot_is_the_same_file(tmp_path, kind: str) -> None:
    """Whatever the day it is drawn on."""
    table = tidy(["2024-01-01", "2024-02-01"], model=0.4, good=0.3)
    for name in ("one", "two"):
        save_plot(skill_plot(table), tmp_path / name, kind)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
