"""Charts of two versions: the distribution of both forecasts, and one against the other."""

import altair as alt
import numpy as np
import pandas as pd

from reporting.charts.customers import TICKS
from reporting.charts.style import Chart, filled_text, paired_bars, tooltip
from reporting.version_comparison import SIDES


def version_names(numbers: tuple[int, int]) -> list[str]:
    """Return the text marks of both versions."""
    return [filled_text("versions.version", number=number) for number in numbers]


def distribution_chart(groups: pd.DataFrame, numbers: tuple[int, int], title: str) -> Chart:
    """Return bars of the share of the customers that each version has in each group.

    Parameters
    ----------
    groups : pandas.DataFrame
        `from`, `to`, `first`, `second`: the rows of one forecast.
    numbers : tuple of int
        The numbers of both versions.
    title : str
        The text key of the forecast.
    """
    names = version_names(numbers)
    churn = title.endswith("churn_probability")
    labels = [group_label(start, end, churn) for start, end in zip(groups["from"], groups["to"], strict=True)]
    rows = groups.assign(part=labels).melt(["part"], list(SIDES), "side", "customers")
    rows["which"] = [names[side == "second"] for side in rows["side"]]
    rows["share"] = (rows["customers"] / groups["first"].sum()).round(5)
    tooltips = [
        tooltip("part:N", title),
        tooltip("which:N", "label.version"),
        tooltip("customers:Q", "label.customers", ","),
        tooltip("share:Q", "axis.share_of_customers", ".1%"),
    ]
    drawn = rows[["part", "which", "customers", "share"]]
    return paired_bars(drawn, "which", names, ["@naive", "@model"], ("axis.share_of_customers", "%"), tooltips)


def group_label(start: float, end: float, churn: bool) -> str:
    """Return the name of a group: `0.1 – 0.2`, `≥ 10`, or for probabilities `20 – 40 %`."""
    if churn:
        return f"{100 * start:g} – {100 * end:g} %"
    return f"≥ {start:g}" if np.isnan(end) else f"{start:g} – {end:g}"


def forecast_scatter(customers: pd.DataFrame, numbers: tuple[int, int]) -> Chart:
    """Return a point per customer: expected purchases by the first version to the right, by the second up.

    `customers` has `customer_id`, `expected_purchases_first` and `expected_purchases_second`.
    """
    columns = [f"expected_purchases_{side}" for side in SIDES]
    rows = customers[["customer_id", *columns]].round(4)
    most = float(rows[columns].to_numpy().max())
    axis = alt.Axis(values=[0, *(tick for tick in (0.5, *TICKS) if tick <= most)], format=",~g")
    scale = alt.Scale(type="symlog", domain=[0, most], nice=False)
    titles = [filled_text("axis.by_version", version=number) for number in numbers]
    x, y = (alt.X(f"{columns[0]}:Q", axis=axis, scale=scale), alt.Y(f"{columns[1]}:Q", axis=axis, scale=scale))
    x, y = x.title(titles[0]), y.title(titles[1])
    diagonal = alt.Chart(pd.DataFrame({columns[0]: [0, most], columns[1]: [0, most]})).mark_line(
        color="@faint", strokeDash=[4, 4], strokeWidth=1
    )
    points = (
        alt.Chart(rows)
        .mark_circle(size=22, opacity=0.35, color="@model")
        .encode(
            x=x,
            y=y,
            tooltip=[
                tooltip("customer_id:N", "label.customer"),
                alt.Tooltip(f"{columns[0]}:Q", title=titles[0], format=".2f"),
                alt.Tooltip(f"{columns[1]}:Q", title=titles[1], format=".2f"),
            ],
        )
    )
    return alt.layer(diagonal.encode(x=x, y=y), points).properties(width="container", height=420)
