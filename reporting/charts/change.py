"""The bridge chart: how the mean over all customers changed from the earlier date to the later one, step by step."""

import altair as alt
import pandas as pd

from reporting.charts.style import Chart, category_axis, tooltip


def bridge_chart(steps: pd.DataFrame, side: str) -> Chart:
    """Return floating bars of the steps between the means before and now; steps without effect are left out."""
    whole = steps["step"].isin(["before", "now"])
    cumulated = float(steps["value"].iloc[0]) + steps["value"].where(~whole, 0.0).cumsum()
    end = steps["value"].where(whole, cumulated)
    rows = pd.DataFrame(
        {
            "step": [_step_text(step) for step in steps["step"]],
            "from": end.where(whole, end - steps["value"]).where(~whole, 0.0).round(4),
            "to": end.round(4),
            "text": [
                f"{v:,.2f}" if w else f"{round(v, 2) + 0.0:+,.2f}" for v, w in zip(steps["value"], whole, strict=True)
            ],
            "whole": whole,
        }
    )
    rows = rows[whole.to_numpy() | (steps["value"].abs() > 1e-9).to_numpy()]
    y = category_axis("step", rows["step"].tolist(), label_limit=260)
    scale = alt.Scale(domain=[0, 1.25 * max(1e-9, float(rows[["from", "to"]].max().max()))], nice=False)
    bars = (
        alt.Chart(rows)
        .mark_bar(height=18)
        .encode(
            y=y,
            x=alt.X("from:Q", title=f"@t:axis.mean_{side}", scale=scale, axis=alt.Axis(tickCount=5)),
            x2="to:Q",
            color=alt.condition("datum.whole", alt.value(f"@{side}"), alt.value(f"@{side}_soft")),
            tooltip=[tooltip("step:N", "label.step"), tooltip("text:N", "label.value")],
        )
    )
    labels = (
        alt.Chart(rows)
        .mark_text(align="left", dx=6, color="@ink")
        .encode(y=y, x=alt.X("right:Q", scale=scale), text="text:N")
        .transform_calculate(right="max(datum.from, datum.to)")
    )
    return alt.layer(bars, labels).properties(width="container", height=30 * len(rows))


def _step_text(step: str) -> str:
    part = step.removeprefix("behaviour_")
    return f"@t:part_behaviour.{part}" if part != step else f"@t:step.{step}"
