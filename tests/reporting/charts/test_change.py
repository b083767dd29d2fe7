"""The bridge chart: bars that start where the one before ended."""

import pandas as pd

from reporting.charts.change import bridge_chart

STEPS = pd.DataFrame(
    [
        ("before", 10.0),
        ("behaviour_visits", 5.0),
        ("season", -3.0),
        ("model_version", 0.0),
        ("came_and_went", -2.0),
        ("now", 10.0),
    ],
    columns=["step", "value"],
)


def test_each_bar_starts_where_the_one_before_ended():
    """Means are marks; a step that rounds to nothing is left out; the axis has room for all of them."""
    specification = bridge_chart(STEPS, "rule").to_dict()
    rows = max(specification["datasets"].values(), key=len)
    assert [(row["from"], row["to"]) for row in rows] == [(10, 10), (10, 15), (15, 12), (12, 10), (10, 10)]
    assert [row["text"] for row in rows] == ["10.00", "+5.00", "−3.00", "−2.00", "10.00"]
    low, high = specification["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert 5 < low < 10
    assert 15 < high < 20
    assert rows[1]["step"] == "@t:part_behaviour.visits"
    assert rows[2]["step"] == "@t:step.season"
