"""Charts of the quality of forecasts: their rows are those of the tables."""

import pytest

from reporting.charts.forecasts import decile_chart, gain_chart, gap_chart, reliability_chart, segment_chart


def rows(chart) -> list[list[dict]]:
    """The data sets of a chart."""
    return list(chart.to_dict()["datasets"].values())


def test_gain_curves_are_those_of_the_table(report):
    """Every point of every forecast, to four decimals."""
    curves = report.tables["gain"].query("outcome == 'purchases'")
    (points,) = rows(gain_chart(curves))
    assert [point["share"] for point in points] == pytest.approx(curves["share"].tolist(), abs=1e-4)
    assert {point["name"] for point in points} == {f"@t:side.{name}" for name in curves["forecast"]}


def test_the_diagonal_is_beside_the_levels(report):
    """From 0 to 1, and each level with its interval."""
    levels = report.tables["reliability"]
    datasets = rows(reliability_chart(levels))
    assert [{"said": 0, "came_true": 0}, {"said": 1, "came_true": 1}] in datasets
    points = max(datasets, key=len)
    assert [point["low"] for point in points] == pytest.approx(levels["low"].tolist(), abs=1e-4)


def test_deciles_have_bars_for_the_observed_and_ticks_for_the_expected(report):
    """On one scale up to the highest interval."""
    groups = report.tables["deciles"].query("forecast == 'model'")
    bars, intervals, ticks = decile_chart(groups, "model", 9.0).to_dict()["layer"]
    assert (bars["encoding"]["y"]["field"], ticks["encoding"]["y"]["field"]) == ("came", "expected")
    assert (intervals["encoding"]["y"]["field"], intervals["encoding"]["y2"]["field"]) == ("low", "high")
    assert bars["encoding"]["y"]["scale"]["domain"] == [0, 9.0]


def test_segments_have_one_bar_and_a_point_for_each_side(report):
    """The bar is drawn once, the predictions of both sides beside it."""
    table = report.tables["segments"]
    bars, points = sorted(rows(segment_chart(table)), key=len)
    assert [bar["name"] for bar in bars] == ["@t:side.model"] * table["segment"].nunique()
    assert [point["said"] for point in points] == pytest.approx(table["said"].tolist(), abs=1e-4)


def test_the_gap_is_the_difference_at_each_length(report):
    """The rows of the table with their intervals, and a line at 0."""
    table = report.tables["list_lengths"].query("purpose == 'purchases' and measure == 'purchases'")
    datasets = gap_chart(table).to_dict()["datasets"].values()
    rows = next(rows for rows in datasets if "list" in rows[0])
    assert [row["list"] for row in rows] == table["list"].tolist()
    assert [row["difference"] for row in rows] == table["difference"].round(4).tolist()
    assert [{"zero": 0}] in list(datasets)
