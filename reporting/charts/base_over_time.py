"""The base over time: indices as lines, bands and segments as shares of the customers, retention as a heat map."""

import altair as alt
import pandas as pd

from reporting.charts.style import HEIGHT, Chart, legend, tooltip

INDICES = ("satisfaction", "loyalty", "purchases")
SHADES = ["@line", "@naive", "@model_soft", "@model", "@rule_soft", "@rule", "@faint", "@muted", "@ink"]


def index_chart(indices: pd.DataFrame) -> Chart:
    """Return S, L and P at each date; those without any value are left out."""
    rows = indices.melt("as_of", [name for name in INDICES if indices[name].notna().any()], "index", "value").dropna()
    rows["index"] = "@t:base." + rows["index"].astype(str)
    return (
        alt.Chart(rows)
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=alt.X("as_of:T", title=None, axis=alt.Axis(format="%Y-%m")),
            y=alt.Y("value:Q", title="@t:base.index", scale=alt.Scale(zero=True)),
            color=alt.Color(
                "index:N",
                scale=alt.Scale(
                    domain=[f"@t:base.{name}" for name in INDICES if f"@t:base.{name}" in set(rows["index"])],
                    range=["@rule", "@naive", "@model"],
                ),
                legend=legend(),
            ),
            tooltip=[
                tooltip("as_of:T", "label.date"),
                tooltip("index:N", "base.index"),
                tooltip("value:Q", "label.value", ".3f"),
            ],
        )
        .properties(width="container", height=HEIGHT)
    )


def group_chart(groups: pd.DataFrame, kind: str) -> Chart:
    """Return the share of each band or segment at each date as stacked bars, the first group at the bottom."""
    rows = groups[(groups["kind"] == kind) & groups["share"].notna()].copy()
    names = list(dict.fromkeys(rows["group"]))
    rows["order"] = rows["group"].map({name: position for position, name in enumerate(names)})
    texts = [f"@t:{kind}.{name}" for name in names] if kind == "band" else [f"@t:rfm.{name}" for name in names]
    rows["name"] = rows["group"].map(dict(zip(names, texts, strict=True)))
    return (
        alt.Chart(rows)
        .mark_bar(stroke="@card", strokeWidth=1)
        .encode(
            x=alt.X("as_of:O", title=None, axis=alt.Axis(labelAngle=-45)),
            y=alt.Y("share:Q", title="@t:base.share", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
            color=alt.Color(
                "name:N", scale=alt.Scale(domain=texts, range=SHADES[: len(texts)]), legend=legend(), sort=texts
            ),
            order=alt.Order("order:Q"),
            tooltip=[
                tooltip("as_of:O", "label.date"),
                tooltip("name:N", f"base.{kind}"),
                tooltip("customers:Q", "label.customers", ","),
                tooltip("share:Q", "base.share", ".1%"),
            ],
        )
        .properties(width="container", height=HEIGHT)
    )


def cohort_chart(cohorts: pd.DataFrame) -> Chart:
    """Return the retention of each cohort in the periods after its first one, as a heat map with the figures."""
    rows = cohorts[cohorts["period"] > 0].copy()
    rows["text"] = [f"{share:.0%}" for share in rows["retention"]]
    y = alt.Y("cohort:O", title="@t:base.cohort")
    x = alt.X("period:O", title="@t:base.period", axis=alt.Axis(labelAngle=0))
    most = max(0.01, float(rows["retention"].max()))
    colour = alt.Color(
        "retention:Q", scale=alt.Scale(domain=[0, most], range=["@card", "@model"], interpolate="rgb"), legend=None
    )
    tips = [
        tooltip("cohort:O", "base.cohort"),
        tooltip("period:O", "base.period"),
        tooltip("customers:Q", "label.customers", ","),
        tooltip("bought:Q", "base.bought", ","),
        tooltip("retention:Q", "base.retention", ".1%"),
    ]
    cells = alt.Chart(rows).mark_rect().encode(x=x, y=y, color=colour, tooltip=tips)
    dark = alt.condition(f"datum.retention > {0.6 * most}", alt.value("@card"), alt.value("@ink"))
    labels = alt.Chart(rows).mark_text().encode(x=x, y=y, text="text:N", color=dark)
    return alt.layer(cells, labels).properties(width="container", height=28 * rows["cohort"].nunique() + 20)
