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
    """Whole bars start at 0; a step without effect is left out."""
    rows = next(iter(bridge_chart(STEPS, "rule").to_dict()["datasets"].values()))
    assert [(row["from"], row["to"]) for row in rows] == [(0, 10), (10, 15), (15, 12), (12, 10), (0, 10)]
    assert [row["text"] for row in rows] == ["10.00", "+5.00", "-3.00", "-2.00", "10.00"]
    assert rows[1]["step"] == "@t:part_behaviour.visits"
    assert rows[2]["step"] == "@t:step.season"
