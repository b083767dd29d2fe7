"""Colours, axes and bars that the charts share."""

import pandas as pd

from reporting.charts.style import paired_bars, side_colour, side_shape, tooltip, x_axis


def test_model_and_rule_have_their_own_colours():
    """In the order of the names given."""
    scale = side_colour(["rule", "model"]).to_dict()["scale"]
    assert scale == {"domain": ["@t:side.rule", "@t:side.model"], "range": ["@rule", "@model"]}
    assert side_shape(["model", "rule"]).to_dict()["scale"]["range"] == ["circle", "square"]


def test_an_axis_of_shares_has_ticks_at_quarters():
    """With a format; without one the chart chooses its ticks."""
    assert x_axis("share", "axis.weight", format="%").to_dict()["axis"]["values"] == [0, 0.25, 0.5, 0.75, 1]
    assert "axis" not in x_axis("share", "axis.weight").to_dict()


def test_bars_come_in_pairs():
    """Two bars a part, in the order of the rows, as high as the number of parts asks for."""
    rows = pd.DataFrame({"part": ["b", "b", "a", "a"], "which": ["x", "y"] * 2, "share": [0.1, 0.2, 0.3, 0.4]})
    chart = paired_bars(rows, "which", ["x", "y"], ["@rule", "@naive"], ("axis.weight", "%"), [tooltip("part:N", "p")])
    encoding = chart.to_dict()["encoding"]
    assert encoding["y"]["sort"] == ["b", "a"]
    assert encoding["yOffset"]["sort"] == encoding["color"]["scale"]["domain"] == ["x", "y"]
    assert chart.to_dict()["height"] == 76
