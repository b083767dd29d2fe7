"""The bridge chart: how the mean over all customers changed from the earlier date to the later one, step by step."""

import altair as alt
import pandas as pd

from reporting.charts.style import Chart, category_axis, tooltip
from reporting.number_formats import number, signed

DIGITS = 2


def bridge_chart(steps: pd.DataFrame, side: str) -> Chart:
    """Return bars of the steps between the means before and now, which are thick marks; steps of 0.00 are left out.

    The axis begins near the lowest mean, not at 0, where steps would be too short to be seen.
    """
    whole = steps["step"].isin(["before", "now"])
    cumulated = float(steps["value"].iloc[0]) + steps["value"].where(~whole, 0.0).cumsum()
    end = steps["value"].where(whole, cumulated)
    rows = pd.DataFrame(
        {
            "step": [_step_text(step) for step in steps["step"]],
            "from": end.where(whole, end - steps["value"]).round(4),
            "to": end.round(4),
            "text": [
                number(value, DIGITS) if mean else signed(value, DIGITS)
                for value, mean in zip(steps["value"], whole, strict=True)
            ],
            "whole": whole,
        }
    )
    rows = rows[whole.to_numpy() | (steps["value"].round(DIGITS) != 0).to_numpy()]
    y = category_axis("step", rows["step"].tolist(), label_limit=260)
    lowest, highest = float(rows[["from", "to"]].min().min()), float(rows[["from", "to"]].max().max())
    room = max(highest - lowest, 0.02)
    scale = alt.Scale(domain=[lowest - 0.1 * room, highest + 0.35 * room], nice=False)
    bars = (
        alt.Chart(rows[~rows["whole"]])
        .mark_bar(height=18)
        .encode(
            y=y,
            x=alt.X("from:Q", title=f"@t:axis.mean_{side}", scale=scale, axis=alt.Axis(tickCount=5)),
            x2="to:Q",
            color=alt.value(f"@{side}_soft"),
            tooltip=[tooltip("step:N", "label.step"), tooltip("text:N", "label.value")],
        )
    )
    means = (
        alt.Chart(rows[rows["whole"]])
        .mark_tick(color=f"@{side}", thickness=5, size=22)
        .encode(y=y, x=alt.X("to:Q", scale=scale))
    )
    labels = (
        alt.Chart(rows)
        .mark_text(align="left", dx=6, color="@ink")
        .encode(y=y, x=alt.X("right:Q", scale=scale), text="text:N")
        .transform_calculate(right="max(datum.from, datum.to)")
    )
    return alt.layer(bars, means, labels).properties(width="container", height=30 * len(rows))


def _step_text(step: str) -> str:
    part = step.removeprefix("behaviour_")
    return f"@t:part_behaviour.{part}" if part != step else f"@t:step.{step}"
