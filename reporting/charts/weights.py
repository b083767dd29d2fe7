"""Charts of the rule's weights: their sensitivity, and the suggested ones."""

import pandas as pd

from reporting.charts.style import Chart, paired_bars, tooltip


def sensitivity_chart(table: pd.DataFrame) -> Chart:
    """Return bars of the share of customers who change band when one weight moves by a tenth, up and down."""
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


def weight_chart(table: pd.DataFrame) -> Chart:
    """Return bars of the weights as they are and as suggested."""
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
