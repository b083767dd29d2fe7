"""The plots show the curves of the metrics, with axes that say what they are."""

import numpy as np
import pandas as pd
import pytest

from training.evaluation.metrics import deciles, gain_curve, reliability
from training.evaluation.plots import decile_plot, gain_plot, losses_plot, reliability_plot

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
