"""The scatter plot of all customers."""

from reporting.charts.customers import swap_chart


def test_lines_are_at_the_thresholds():
    """The vertical line is that of the rule, the horizontal one that of the model."""
    chart = swap_chart(40.0, 2.5, 7.0).to_dict()
    points, vertical, horizontal = chart["layer"][:3]
    assert chart["datasets"][vertical["data"]["name"]] == [{"at": 40.0}]
    assert chart["datasets"][horizontal["data"]["name"]] == [{"at": 2.5}]
    assert set(vertical["encoding"]) == {"x"}
    assert set(horizontal["encoding"]) == {"y"}
    assert points["data"] == {"name": "customers"}


def test_ticks_end_at_the_highest_forecast():
    """The axis is logarithmic, so its ticks are given."""
    points = swap_chart(40.0, 2.5, 7.0).to_dict()["layer"][0]
    assert points["encoding"]["y"]["axis"]["values"] == [0, 1, 2, 5]


def test_the_swap_set_is_opaque():
    """Customers that are high by one side only."""
    opacity = swap_chart(40.0, 2.5, 7.0).to_dict()["layer"][0]["encoding"]["opacity"]
    assert opacity["condition"]["test"] == {"field": "quadrant", "oneOf": ["rule_only", "model_only"]}
    assert opacity["condition"]["value"] > opacity["value"]


def test_the_corners_name_the_quadrants():
    """Each name once on a halo and once in ink."""
    chart = swap_chart(40.0, 2.5, 7.0).to_dict()
    names = [chart["datasets"][layer["data"]["name"]][0]["name"] for layer in chart["layer"][3:]]
    expected = [f"@t:swap.{name}" for name in ("model_only", "both", "neither", "rule_only")]
    assert names == [name for name in expected for _ in range(2)]
