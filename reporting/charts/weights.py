"""Charts of the rule's weights: their sensitivity, and the suggested ones."""

from collections.abc import Collection

import pandas as pd

from reporting.charts.style import Chart, paired_bars, tooltip


def sensitivity_chart(table: pd.DataFrame) -> Chart:
    """Return bars of the share of customers who change band when one weight moves by a tenth, up and down.

    Parts with which nobody changes band either way are left out, unless that is so of all.
    """
    moving = table[table.groupby("part")["share"].transform("max") > 0]
    table = moving if len(moving) else table
    domain = ["@t:label.weight_up", "@t:label.weight_down"]
    rows = table.round(4).assign(
        part=[f"@t:part.{part}" for part in table["part"]],
        moved=[domain[change <= 0] for change in table["change"]],
    )
    tooltips = [
        tooltip("part:N", "label.part"),
        tooltip("changed:Q", "label.change_band", ","),
        tooltip("up:Q", "label.up", ","),
        tooltip("down:Q", "label.down", ","),
    ]
    return paired_bars(rows, "moved", domain, ["@rule", "@rule_soft"], ("axis.change_band", ".1%"), tooltips)


def weight_chart(table: pd.DataFrame, parts: Collection[str]) -> Chart:
    """Return bars of the weights as they are and as suggested, of these parts: those that have data."""
    table = table[table["part"].isin(parts)]
    domain = ["@t:label.weight_now", "@t:label.weight_suggested"]
    rows = table.melt(["part"], ["now", "suggested"], "which", "share")
    rows = rows.assign(
        part=[f"@t:part.{part}" for part in rows["part"]],
        which=[domain[which == "suggested"] for which in rows["which"]],
        share=rows["share"].round(4),
    )
    tooltips = [
        tooltip("part:N", "label.part"),
        tooltip("which:N", "label.forecast"),
        tooltip("share:Q", "axis.weight", ".0%"),
    ]
    return paired_bars(rows, "which", domain, ["@rule", "@naive"], ("axis.weight", "%"), tooltips)
