"""All charts of a report, by the name of their place on the page."""

from reporting.charts.specifications import chart_builders, chart_specifications


def test_every_chart_of_the_page_has_a_specification(report, written):
    """Each has a place on the page, and each place a chart."""
    specifications = chart_specifications(report.tables, report.thresholds)
    page = written.read_text(encoding="utf-8")
    places = {part.split('"')[0] for part in page.split('id="chart-')[1:]}
    assert set(specifications) == places == set(chart_builders(report.tables, report.thresholds))
    assert len(places) == 19


def test_weights_that_stay_have_no_chart(report):
    """If the suggestion is the current weights there is nothing to draw; without an earlier date no bridge."""
    weights = report.tables["weights"]
    tables = {
        **report.tables,
        "weights": weights.assign(suggested=weights["now"]),
        "change_of_the_base": report.tables["change_of_the_base"][:0],
    }
    left_out = set(chart_builders(report.tables, report.thresholds)) - set(chart_builders(tables, report.thresholds))
    assert left_out == {"weights", "change_rule", "change_model"}
