"""Charts of how good the forecasts were: cumulative gain, calibration, deciles and segments."""

import altair as alt
import pandas as pd

from reporting.charts import style


def gain_chart(curves: pd.DataFrame) -> style.Chart:
    """Return lines of the share of an outcome found among the customers that each forecast ranks first."""
    rows = curves[["customers", "share"]].round(4).assign(name=style.side_texts(curves["forecast"]))
    names = [name for name in style.COLOURS if name in set(curves["forecast"])]
    return (
        alt.Chart(rows)
        .mark_line(clip=True)
        .encode(
            x=style.x_axis("customers", "axis.first_customers", format="%"),
            y=style.y_axis("share", "axis.share_found", format="%"),
            color=style.side_colour(names, "bottom"),
            strokeDash=alt.StrokeDash(
                "name:N",
                scale=alt.Scale(domain=style.side_texts(names), range=[style.DASHES.get(n, [1, 0]) for n in names]),
            ),
            size=alt.condition(
                alt.FieldOneOfPredicate("name", style.side_texts(["model", "rule"])), alt.value(2.5), alt.value(1.5)
            ),
            tooltip=[
                style.tooltip("name:N", "label.forecast"),
                style.tooltip("customers:Q", "axis.first_customers", ".0%"),
                style.tooltip("share:Q", "axis.share_found", ".1%"),
            ],
        )
        .properties(width="container", height=style.HEIGHT)
    )


def gap_chart(rows: pd.DataFrame) -> style.Chart:
    """Return the difference of model and rule by length of the list, with its interval: what two close curves hide."""
    values = rows[["list", "difference", "low", "high"]].round(4)
    base = alt.Chart(values)
    x = style.x_axis("list", "axis.list_length")
    band = base.mark_area(opacity=0.25, color="@model").encode(x=x, y=style.y_axis("low", "axis.gap"), y2="high:Q")
    zero = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color="@ink", strokeWidth=1).encode(y="zero:Q")
    line = base.mark_line(color="@model", point=alt.OverlayMarkDef(color="@model", size=30)).encode(
        x=x,
        y=style.y_axis("difference", "axis.gap"),
        tooltip=[
            style.tooltip("list:Q", "axis.list_length", ","),
            style.tooltip("difference:Q", "label.difference", "+,.1f"),
            style.tooltip("low:Q", "label.low", "+,.1f"),
            style.tooltip("high:Q", "label.high", "+,.1f"),
        ],
    )
    return alt.layer(band, zero, line).properties(width="container", height=170)


def reliability_chart(levels: pd.DataFrame) -> style.Chart:
    """Return points of the observed churn by predicted probability; on the diagonal the forecast is calibrated."""
    rows = levels.round(4).assign(name=style.side_texts(levels["forecast"]))
    names = [name for name in ("model", "rule") if name in set(levels["forecast"])]
    x, y = (
        style.x_axis("said", "axis.predicted_churn", format="%"),
        style.y_axis("came_true", "axis.observed_churn", format="%"),
    )
    diagonal = alt.Chart(pd.DataFrame({"said": [0, 1], "came_true": [0, 1]})).mark_line(
        color="@faint", strokeDash=[4, 4], strokeWidth=1
    )
    base = alt.Chart(rows)
    intervals = base.mark_rule(opacity=0.35, strokeWidth=1.5).encode(
        x=x, y=style.y_axis("low", "axis.observed_churn"), y2="high:Q", color=style.side_colour(names)
    )
    points = base.mark_point(filled=True, opacity=0.95).encode(
        x=x,
        y=y,
        color=style.side_colour(names),
        shape=style.side_shape(names),
        size=alt.Size("customers:Q", legend=None, scale=alt.Scale(range=[18, 220], type="sqrt")),
        tooltip=[
            style.tooltip("name:N", "label.forecast"),
            style.tooltip("said:Q", "axis.predicted_churn", ".1%"),
            style.tooltip("came_true:Q", "axis.observed_churn", ".1%"),
            style.tooltip("low:Q", "label.low", ".1%"),
            style.tooltip("high:Q", "label.high", ".1%"),
            style.tooltip("customers:Q", "label.customers", ","),
        ],
    )
    return alt.layer(diagonal.encode(x=x, y=y), intervals, points).properties(width="container", height=320)


def decile_chart(groups: pd.DataFrame, side: str, highest: float) -> style.Chart:
    """Return bars of the observed purchases of ten groups, best first, and ticks of the expected ones."""
    base = alt.Chart(groups.round(4)).encode(x=alt.X("decile:O", title="@t:axis.decile", axis=alt.Axis(labelAngle=0)))
    scale = alt.Scale(domain=[0, highest], nice=True)
    tooltips = [
        style.tooltip("decile:O", "axis.decile"),
        style.tooltip("came:Q", "label.observed", ".2f"),
        style.tooltip("low:Q", "label.low", ".2f"),
        style.tooltip("high:Q", "label.high", ".2f"),
        style.tooltip("expected:Q", "label.expected", ".2f"),
        style.tooltip("customers:Q", "label.customers", ","),
    ]
    bars = base.mark_bar(color=f"@{side}", opacity=0.85).encode(
        y=style.y_axis("came", "axis.days_bought", scale), tooltip=tooltips
    )
    intervals = base.mark_rule(color="@ink").encode(y=style.y_axis("low", "axis.days_bought", scale), y2="high:Q")
    expected = base.mark_tick(color="@ink", thickness=2, width={"band": 0.9}).encode(
        y=style.y_axis("expected", "axis.days_bought", scale), tooltip=tooltips
    )
    return alt.layer(bars, intervals, expected).properties(width="container", height=style.HEIGHT)


def segment_chart(table: pd.DataFrame) -> style.Chart:
    """Return bars of the observed churn of each segment and points of the predicted one."""
    rows = table.round(4).assign(
        name=style.side_texts(table["forecast"]), group=[f"@t:segment.{segment}" for segment in table["segment"]]
    )
    names = [name for name in ("model", "rule") if name in set(table["forecast"])]
    order = list(dict.fromkeys(rows["group"]))
    y = style.category_axis("group", order)
    observed = alt.Chart(rows[rows["forecast"] == "model"])
    bars = observed.mark_bar(color="@soft", height=16).encode(
        y=y, x=style.x_axis("stayed_away", "axis.churn", alt.Scale(domain=[0, 1]), "%")
    )
    intervals = observed.mark_rule(color="@ink").encode(y=y, x=style.x_axis("low", "axis.churn"), x2="high:Q")
    predicted = (
        alt.Chart(rows)
        .mark_point(filled=True, size=90, opacity=1)
        .encode(
            y=y,
            x=style.x_axis("said", "axis.churn", format="%"),
            color=style.side_colour(names),
            shape=style.side_shape(names),
            tooltip=[
                style.tooltip("group:N", "label.segment"),
                style.tooltip("name:N", "label.forecast"),
                style.tooltip("said:Q", "label.predicted_churn", ".1%"),
                style.tooltip("stayed_away:Q", "label.stayed_away", ".1%"),
                style.tooltip("customers:Q", "label.customers", ","),
            ],
        )
    )
    return alt.layer(bars, intervals, predicted).properties(width="container", height=44 * len(order))
