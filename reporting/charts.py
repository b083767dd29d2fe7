"""The pictures, as Vega-Lite: what they show comes from the report's tables, and nothing is computed here.

Words and colours are left open for the page, which fills them in by language and by light or dark: a text that begins
with `@t:` is a line of the catalogue, one that begins with `@` a colour of page.css.
"""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from reporting.chart_style import COLOURS, DASHES, colour, legend, sides, tip, x_of, y_of

HEIGHT, PART_HEIGHT = 260, 38
TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
CROSS = "M-.75,-.75L.75,.75M.75,-.75L-.75,.75"

Chart = Any
"""A chart or layers of charts: Altair's types of the two share no base that says what they can do."""
Spec = dict[str, Any]


def charts(tables: Mapping[str, pd.DataFrame], cuts: tuple[float, float]) -> dict[str, Spec]:
    """Return the Vega-Lite specifications by the name of their place on the page; what has no data has none.

    `tables`: those of `report.Report`; `cuts`: the score and the forecast from which on one is high. The picture
    `swap` takes its customers from a data set of that name, which the page gives it.
    """
    drawn: dict[str, Chart] = {
        "swap": swap(*cuts, float(tables["customers"]["expected_purchases"].max())),
        "segments": segments(tables["segments"]),
    }
    for outcome, curves in tables["gain"].groupby("outcome", sort=False):
        drawn[f"gain_{outcome}"] = gain(curves)
    drawn["reliability"] = reliability(tables["reliability"])
    for side, groups in tables["deciles"].groupby("forecast", sort=False):
        drawn[f"deciles_{side}"] = deciles(groups, str(side), float(tables["deciles"]["high"].max()))
    drawn["sensitivity"] = sensitivity(tables["sensitivity"])
    if tables["weights"]["now"].sub(tables["weights"]["suggested"]).abs().max() > 0:
        drawn["weights"] = weights(tables["weights"])
    if len(tables["change_of_the_base"]):
        for side, steps in tables["change_of_the_base"].groupby("side", sort=False):
            drawn[f"change_{side}"] = bridge(steps, str(side))
    return {name: chart.to_dict() for name, chart in drawn.items()}


def gain(curves: pd.DataFrame) -> Chart:
    """Draw the share of the outcome found by the share of customers that each puts first."""
    shown = curves[["customers", "share"]].round(4).assign(name=sides(curves["forecast"]))
    names = [name for name in COLOURS if name in set(curves["forecast"])]
    return (
        alt.Chart(shown)
        .mark_line(clip=True)
        .encode(
            x=x_of("customers", "axis.first_customers", format="%"),
            y=y_of("share", "axis.share_found", format="%"),
            color=colour(names, "bottom"),
            strokeDash=alt.StrokeDash(
                "name:N", scale=alt.Scale(domain=sides(names), range=[DASHES.get(n, [1, 0]) for n in names])
            ),
            size=alt.condition(
                alt.FieldOneOfPredicate("name", ["@t:side.model", "@t:side.rule"]), alt.value(2.5), alt.value(1.5)
            ),
            tooltip=[
                tip("name:N", "word.forecast"),
                tip("customers:Q", "axis.first_customers", ".0%"),
                tip("share:Q", "axis.share_found", ".1%"),
            ],
        )
        .properties(width="container", height=HEIGHT)
    )


def reliability(levels: pd.DataFrame) -> Chart:
    """Draw how many stayed away of those who were told the same chance; on the diagonal the chances are right."""
    shown = levels.round(4).assign(name=sides(levels["forecast"]))
    names = [name for name in ("model", "rule") if name in set(levels["forecast"])]
    x, y = x_of("said", "axis.said_away", format="%"), y_of("came_true", "axis.came_true", format="%")
    diagonal = alt.Chart(pd.DataFrame({"said": [0, 1], "came_true": [0, 1]})).mark_line(
        color="@faint", strokeDash=[4, 4], strokeWidth=1
    )
    base = alt.Chart(shown)
    doubt = base.mark_rule(opacity=0.35, strokeWidth=1.5).encode(
        x=x, y=y_of("low", "axis.came_true"), y2="high:Q", color=colour(names)
    )
    points = base.mark_point(filled=True, opacity=0.95).encode(
        x=x,
        y=y,
        color=colour(names),
        shape=alt.Shape("name:N", scale=alt.Scale(domain=sides(names), range=["circle", "square"])),
        size=alt.Size("customers:Q", legend=None, scale=alt.Scale(range=[18, 220], type="sqrt")),
        tooltip=[
            tip("name:N", "word.forecast"),
            tip("said:Q", "axis.said_away", ".1%"),
            tip("came_true:Q", "axis.came_true", ".1%"),
            tip("low:Q", "word.low", ".1%"),
            tip("high:Q", "word.high", ".1%"),
            tip("customers:Q", "word.customers", ","),
        ],
    )
    return alt.layer(diagonal.encode(x=x, y=y), doubt, points).properties(width="container", height=320)


def deciles(groups: pd.DataFrame, side: str, highest: float) -> Chart:
    """Draw what came of ten groups, the best first, as bars, and what was expected of them as ticks."""
    base = alt.Chart(groups.round(4)).encode(x=alt.X("decile:O", title="@t:axis.decile", axis=alt.Axis(labelAngle=0)))
    scale = alt.Scale(domain=[0, highest], nice=True)
    tips = [
        tip("decile:O", "axis.decile"),
        tip("came:Q", "word.came", ".2f"),
        tip("low:Q", "word.low", ".2f"),
        tip("high:Q", "word.high", ".2f"),
        tip("expected:Q", "word.expected", ".2f"),
        tip("customers:Q", "word.customers", ","),
    ]
    bars = base.mark_bar(color=f"@{side}", opacity=0.85).encode(y=y_of("came", "axis.days_bought", scale), tooltip=tips)
    doubt = base.mark_rule(color="@ink").encode(y=y_of("low", "axis.days_bought", scale), y2="high:Q")
    said = base.mark_tick(color="@ink", thickness=2, width={"band": 0.9}).encode(
        y=y_of("expected", "axis.days_bought", scale), tooltip=tips
    )
    return alt.layer(bars, doubt, said).properties(width="container", height=HEIGHT)


def swap(rule_cut: float, model_cut: float, most: float) -> Chart:
    """Draw every customer by rule and by model, to be brushed; lines where high begins, the swap set in full colour."""
    x = alt.X("loyalty_score:Q", title="@t:axis.score", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=10))
    y = alt.Y(
        "expected_purchases:Q",
        title="@t:axis.expected",
        scale=alt.Scale(type="symlog", domainMin=0),
        axis=alt.Axis(values=[0, *(tick for tick in TICKS if tick <= most)], format=",~g"),
    )
    swapped = alt.FieldOneOfPredicate("quadrant", ["rule_only", "model_only"])
    names = ["@t:word.bought", "@t:word.stayed_away"]
    key = legend()
    points = (
        alt.Chart(alt.NamedData("customers"))
        .mark_point(size=26, strokeWidth=1.2)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "outcome:N",
                scale=alt.Scale(domain=names, range=["@came", "@gone"]),
                legend=key,
            ),
            shape=alt.Shape("outcome:N", scale=alt.Scale(domain=names, range=["circle", CROSS]), legend=key),
            opacity=alt.condition(swapped, alt.value(0.95), alt.value(0.3)),
            tooltip=[
                tip("customer_id:N", "word.customer"),
                tip("loyalty_score:Q", "word.loyalty_score", ".1f"),
                tip("expected_purchases:Q", "word.expected_purchases", ".2f"),
                tip("churn_probability:Q", "word.churn_probability", ".0%"),
                tip("purchases:Q", "word.purchases", ",.0f"),
            ],
        )
        .add_params(alt.selection_interval(name="brush", mark=alt.BrushConfig(fill="@ink", fillOpacity=0.08)))
    )
    line: dict[str, Any] = {"color": "@ink", "strokeDash": [4, 4], "strokeWidth": 1}
    across = (
        alt.Chart(pd.DataFrame({"at": [rule_cut]})).mark_rule(**line).encode(x=alt.X("at:Q", title="@t:axis.score"))
    )
    along = (
        alt.Chart(pd.DataFrame({"at": [model_cut]})).mark_rule(**line).encode(y=alt.Y("at:Q", title="@t:axis.expected"))
    )
    return alt.layer(points, across, along).properties(width="container", height=440)


def segments(table: pd.DataFrame) -> Chart:
    """Draw, by segment, who was said to stay away and who did."""
    shown = table.round(4).assign(name=sides(table["forecast"]), group=["@t:segment." + s for s in table["segment"]])
    names = [name for name in ("model", "rule") if name in set(table["forecast"])]
    order = list(dict.fromkeys(shown["group"]))
    y = alt.Y("group:N", title=None, sort=order, axis=alt.Axis(labelLimit=220))
    came = alt.Chart(shown[shown["forecast"] == "model"])
    bar = came.mark_bar(color="@soft", height=16).encode(
        y=y, x=x_of("stayed_away", "axis.stayed_away", alt.Scale(domain=[0, 1]), "%")
    )
    doubt = came.mark_rule(color="@ink").encode(y=y, x=x_of("low", "axis.stayed_away"), x2="high:Q")
    said = (
        alt.Chart(shown)
        .mark_point(filled=True, size=90, opacity=1)
        .encode(
            y=y,
            x=x_of("said", "axis.stayed_away", format="%"),
            color=colour(names),
            shape=alt.Shape("name:N", scale=alt.Scale(domain=sides(names), range=["circle", "square"])),
            tooltip=[
                tip("group:N", "word.segment"),
                tip("name:N", "word.forecast"),
                tip("said:Q", "word.said_away", ".1%"),
                tip("stayed_away:Q", "word.stayed_away", ".1%"),
                tip("customers:Q", "word.customers", ","),
            ],
        )
    )
    return alt.layer(bar, doubt, said).properties(width="container", height=44 * len(order))


def sensitivity(table: pd.DataFrame) -> Chart:
    """Draw the share of customers who change band when one weight moves by a tenth, up and down."""
    moved = ["@t:word.weight_up" if change > 0 else "@t:word.weight_down" for change in table["change"]]
    shown = table.round(4).assign(part=["@t:part." + p for p in table["part"]], moved=moved)
    names = ["@t:word.weight_up", "@t:word.weight_down"]
    return (
        alt.Chart(shown)
        .mark_bar()
        .encode(
            y=alt.Y("part:N", title=None, sort=list(dict.fromkeys(shown["part"])), axis=alt.Axis(labelLimit=220)),
            yOffset=alt.YOffset("moved:N", sort=names),
            x=alt.X("share:Q", title="@t:axis.change_band", axis=alt.Axis(format=".1%", tickCount=5)),
            color=alt.Color("moved:N", scale=alt.Scale(domain=names, range=["@rule", "@rule_soft"]), legend=legend()),
            tooltip=[
                tip("part:N", "word.part"),
                tip("changed:Q", "word.change_band", ","),
                tip("up:Q", "word.up", ","),
                tip("down:Q", "word.down", ","),
            ],
        )
        .properties(width="container", height=PART_HEIGHT * shown["part"].nunique())
    )


def weights(table: pd.DataFrame) -> Chart:
    """Draw the weights as they are, and as the outcomes would have them."""
    names = ["@t:word.weight_now", "@t:word.weight_suggested"]
    shown = table.melt(["part"], ["now", "suggested"], "which", "share")
    shown = shown.assign(
        part=["@t:part." + p for p in shown["part"]],
        which=[names[which == "suggested"] for which in shown["which"]],
        share=shown["share"].round(4),
    )
    return (
        alt.Chart(shown)
        .mark_bar()
        .encode(
            y=alt.Y("part:N", title=None, sort=list(dict.fromkeys(shown["part"])), axis=alt.Axis(labelLimit=220)),
            yOffset=alt.YOffset("which:N", sort=names),
            x=alt.X("share:Q", title="@t:axis.weight", axis=alt.Axis(format="%", tickCount=5)),
            color=alt.Color("which:N", scale=alt.Scale(domain=names, range=["@rule", "@naive"]), legend=legend()),
            tooltip=[
                tip("part:N", "word.part"),
                tip("which:N", "word.forecast"),
                tip("share:Q", "axis.weight", ".0%"),
            ],
        )
        .properties(width="container", height=PART_HEIGHT * shown["part"].nunique())
    )


def bridge(steps: pd.DataFrame, side: str) -> Chart:
    """Draw how the mean of the base went from the earlier date to now, step by step."""
    end = steps["value"].where(~steps["step"].isin(["before", "now"]), 0.0).cumsum()
    first = float(steps["value"].iloc[0])
    whole = steps["step"].isin(["before", "now"])
    to = steps["value"].where(whole, first + end)
    shown = pd.DataFrame(
        {
            "step": [_step(step) for step in steps["step"]],
            "from": to.where(whole, to - steps["value"]).where(~whole, 0.0).round(4),
            "to": to.round(4),
            "said": [
                f"{v:,.2f}" if w else f"{round(v, 2) + 0.0:+,.2f}" for v, w in zip(steps["value"], whole, strict=True)
            ],
            "whole": whole,
        }
    )
    shown = shown[whole.to_numpy() | (steps["value"].abs() > 1e-9).to_numpy()]
    y = alt.Y("step:N", title=None, sort=list(shown["step"]), axis=alt.Axis(labelLimit=260))
    room = alt.Scale(domain=[0, 1.25 * max(1e-9, float(shown[["from", "to"]].max().max()))], nice=False)
    bars = (
        alt.Chart(shown)
        .mark_bar(height=18)
        .encode(
            y=y,
            x=alt.X("from:Q", title=f"@t:axis.mean_{side}", scale=room, axis=alt.Axis(tickCount=5)),
            x2="to:Q",
            color=alt.condition("datum.whole", alt.value(f"@{side}"), alt.value(f"@{side}_soft")),
            tooltip=[tip("step:N", "word.step"), tip("said:N", "word.value")],
        )
    )
    text = (
        alt.Chart(shown)
        .mark_text(align="left", dx=6, color="@ink")
        .encode(y=y, x=alt.X("right:Q", scale=room), text="said:N")
        .transform_calculate(right="max(datum.from, datum.to)")
    )
    return alt.layer(bars, text).properties(width="container", height=30 * len(shown))


def _step(step: str) -> str:
    part = step.removeprefix("behaviour_")
    return f"@t:part_did.{part}" if part != step else f"@t:step.{step}"
