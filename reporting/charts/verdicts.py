"""Small multiples of the verdict over dates: is one side ahead at each of them?"""

import altair as alt
import pandas as pd

from reporting.charts import style
from reporting.verdicts import verdict

COLOURS = {"model": "@model", "rule": "@rule", "open": "@naive"}


def verdict_chart(rows: pd.DataFrame) -> style.Chart:
    """Return the difference of model and rule at each date with its interval, for each 100 customers on the list.

    Parameters
    ----------
    rows : pandas.DataFrame
        The rows of one outcome of the table `verdicts`.
    """
    per_list = rows[["difference", "low", "high"]].mul(100 / rows["list"], axis=0)
    ahead = [verdict(low, high) for low, high in zip(rows["low"], rows["high"], strict=True)]
    values = per_list.round(3).assign(date=rows["date"], name=[f"@t:stability.{name}" for name in ahead])
    names = [name for name in COLOURS if name in ahead]
    colour = alt.Color(
        "name:N",
        scale=alt.Scale(domain=[f"@t:stability.{name}" for name in names], range=[COLOURS[name] for name in names]),
        legend=style.legend("bottom"),
    )
    x = alt.X("date:O", title=None, axis=alt.Axis(labelAngle=-45, labelOverlap=False))
    base = alt.Chart(values).encode(x=x, color=colour)
    zero = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color="@ink", strokeWidth=1).encode(y="zero:Q")
    title = "axis.difference_of_100"
    intervals = base.mark_rule(strokeWidth=2).encode(y=style.y_axis("low", title), y2="high:Q")
    points = base.mark_point(filled=True, size=90, opacity=1).encode(
        y=style.y_axis("difference", title),
        tooltip=[
            style.tooltip("date:O", "label.date"),
            style.tooltip("difference:Q", "axis.difference_of_100", "+,.1f"),
            style.tooltip("low:Q", "label.low", "+,.1f"),
            style.tooltip("high:Q", "label.high", "+,.1f"),
            style.tooltip("name:N", "label.verdict"),
        ],
    )
    return alt.layer(zero, intervals, points).properties(width="container", height=style.HEIGHT)
