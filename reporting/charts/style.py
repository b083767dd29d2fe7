"""What the charts have in common: colours, axes, legends, tooltips and horizontal bars."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt
import pandas as pd

COLOURS = {
    "model": "@model",
    "rule": "@rule",
    "days_since_last_purchase": "@naive",
    "own_rate": "@naive",
    "spend_last_year": "@naive",
    "perfect": "@faint",
    "first": "@naive",
    "second": "@model",
}
DASHES = {"own_rate": [2, 3], "perfect": [1, 3], "days_since_last_purchase": [6, 3], "spend_last_year": [6, 3]}
SHARES = [0, 0.25, 0.5, 0.75, 1]
HEIGHT, PART_HEIGHT = 260, 38

Chart = Any
"""A chart or layers of charts: the types of Altair have no common base with their methods."""


def side_texts(names: Iterable[str]) -> list[str]:
    """Return the text keys of forecasts."""
    return [f"@t:side.{name}" for name in names]


def filled_text(key: str, **arguments: object) -> str:
    """Return the mark of a text with arguments, which the page's script fills in."""
    return f"@t:{key}|{json.dumps({name: str(value) for name, value in arguments.items()})}"


def side_colour(names: list[str], orient: str = "top") -> alt.Color:
    """Return the colour of each forecast, by the column `name`."""
    scale = alt.Scale(domain=side_texts(names), range=[COLOURS[name] for name in names])
    return alt.Color("name:N", scale=scale, legend=legend(orient))


def side_shape(names: list[str]) -> alt.Shape:
    """Return circles for the first forecast and squares for the second, by the column `name`."""
    return alt.Shape("name:N", scale=alt.Scale(domain=side_texts(names), range=["circle", "square"]))


def legend(orient: Any = "top") -> alt.Legend:
    """Return a legend without a title, which fits on a narrow page."""
    return alt.Legend(title=None, orient=orient, columns=2, labelLimit=260, symbolStrokeWidth=2, symbolOpacity=1)


def x_axis(field: str, title: str, scale: Any = alt.Undefined, format: str = "") -> alt.X:
    """Return the horizontal position of a number; with a format the axis has ticks at quarters."""
    return alt.X(f"{field}:Q", title=f"@t:{title}", scale=scale, axis=_axis(format))


def y_axis(field: str, title: str, scale: Any = alt.Undefined, format: str = "") -> alt.Y:
    """Return the vertical position of a number; with a format the axis has ticks at quarters."""
    return alt.Y(f"{field}:Q", title=f"@t:{title}", scale=scale, axis=_axis(format))


def category_axis(field: str, order: Sequence[str], label_limit: int = 220) -> alt.Y:
    """Return the vertical position of a category, in the given order."""
    return alt.Y(f"{field}:N", title=None, sort=list(order), axis=alt.Axis(labelLimit=label_limit))


def tooltip(field: str, title: str, format: str = "") -> alt.Tooltip:
    """Return one line of a tooltip."""
    return alt.Tooltip(field, title=f"@t:{title}", format=format or alt.Undefined)


def paired_bars(
    rows: pd.DataFrame,
    pair: str,
    domain: list[str],
    colours: list[str],
    axis: tuple[str, str],
    tooltips: list[alt.Tooltip],
) -> Chart:
    """Return horizontal bars of the column `share`: two for each `part`, told apart by the column `pair`.

    `axis` is the text key of its title and the number format.
    """
    title, format = axis
    return (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            y=category_axis("part", list(dict.fromkeys(rows["part"]))),
            yOffset=alt.YOffset(f"{pair}:N", sort=domain),
            x=alt.X("share:Q", title=f"@t:{title}", axis=alt.Axis(format=format, tickCount=5)),
            color=alt.Color(f"{pair}:N", scale=alt.Scale(domain=domain, range=colours), legend=legend()),
            tooltip=tooltips,
        )
        .properties(width="container", height=PART_HEIGHT * rows["part"].nunique())
    )


def _axis(format: str) -> Any:
    return alt.Axis(format=format, values=SHARES) if format else alt.Undefined
