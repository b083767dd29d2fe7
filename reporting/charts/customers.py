"""The scatter plot of all customers by rule and by model."""

from typing import Any

import altair as alt
import pandas as pd

from reporting.charts.style import Chart, legend, tooltip

HEIGHT = 440
TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
CROSS = "M-.75,-.75L.75,.75M.75,-.75L-.75,.75"


def swap_chart(rule_threshold: float, model_threshold: float, highest: float) -> Chart:
    """Return a point per customer, to be brushed, with lines at the thresholds; the swap set is drawn opaque.

    The corners name the quadrants. The customers are those of the named data set `customers`, which the page provides.
    `highest` is the largest number of expected purchases.
    """
    swapped = alt.FieldOneOfPredicate("quadrant", ["rule_only", "model_only"])
    outcomes = ["@t:label.bought", "@t:label.stayed_away"]
    points = (
        alt.Chart(alt.NamedData("customers"))
        .mark_point(size=26, strokeWidth=1.2)
        .encode(
            x=alt.X(
                "loyalty_score:Q",
                title="@t:axis.score",
                scale=alt.Scale(domain=[0, 100]),
                axis=alt.Axis(tickCount=10),
            ),
            y=alt.Y(
                "expected_purchases:Q",
                title="@t:axis.expected",
                scale=alt.Scale(type="symlog", domainMin=0),
                axis=alt.Axis(values=[0, *(tick for tick in TICKS if tick <= highest)], format=",~g"),
            ),
            color=alt.Color(
                "outcome:N", scale=alt.Scale(domain=outcomes, range=["@bought", "@churned"]), legend=legend()
            ),
            shape=alt.Shape("outcome:N", scale=alt.Scale(domain=outcomes, range=["circle", CROSS]), legend=legend()),
            opacity=alt.condition(swapped, alt.value(0.95), alt.value(0.3)),
            tooltip=[
                tooltip("customer_id:N", "label.customer"),
                tooltip("loyalty_score:Q", "label.loyalty_score", ".1f"),
                tooltip("expected_purchases:Q", "label.expected_purchases", ".2f"),
                tooltip("churn_probability:Q", "label.churn_probability", ".0%"),
                tooltip("purchases:Q", "label.purchases", ",.0f"),
            ],
        )
        .add_params(alt.selection_interval(name="brush", mark=alt.BrushConfig(fill="@ink", fillOpacity=0.08)))
    )
    line: dict[str, Any] = {"color": "@ink", "strokeDash": [4, 4], "strokeWidth": 1}
    vertical, horizontal = (
        alt.Chart(pd.DataFrame({"at": [threshold]})).mark_rule(**line)
        for threshold in (rule_threshold, model_threshold)
    )
    return alt.layer(
        points,
        vertical.encode(x=alt.X("at:Q", title="@t:axis.score")),
        horizontal.encode(y=alt.Y("at:Q", title="@t:axis.expected")),
        *_corners(),
    ).properties(width="container", height=HEIGHT)


def _corners() -> list[Chart]:
    """Return the names of the quadrants in the corners, each on a halo that keeps it readable over points."""
    texts = []
    for name, right, top in (("model_only", 0, 1), ("both", 1, 1), ("neither", 0, 0), ("rule_only", 1, 0)):
        place: dict[str, Any] = {
            "align": "right" if right else "left",
            "dx": -8 if right else 8,
            "fontSize": 12,
            "fontWeight": 600,
        }
        inwards = 14 + 18 * right  # a line further in, so that long names on a narrow page do not meet
        at = alt.Chart(pd.DataFrame({"name": [f"@t:swap.{name}"]})).encode(
            x=alt.value("width") if right else alt.value(0),
            y=alt.value(inwards if top else HEIGHT - inwards),
            text="name:N",
        )
        texts += [at.mark_text(stroke="@card", strokeWidth=4, **place), at.mark_text(color="@ink", **place)]
    return texts
