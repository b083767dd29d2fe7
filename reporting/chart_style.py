"""What the pictures have in common: the colours of the sides, axes, legends and the words at the pointer."""

from collections.abc import Iterable
from typing import Any

import altair as alt

COLOURS = {
    "model": "@model",
    "rule": "@rule",
    "days_since_last_purchase": "@naive",
    "own_rate": "@naive",
    "spend_last_year": "@naive",
    "perfect": "@faint",
}
DASHES = {"own_rate": [2, 3], "perfect": [1, 3], "days_since_last_purchase": [6, 3], "spend_last_year": [6, 3]}
SHARES = [0, 0.25, 0.5, 0.75, 1]


def sides(names: Iterable[str]) -> list[str]:
    """Return the texts that name forecasts."""
    return [f"@t:side.{name}" for name in names]


def colour(names: list[str], orient: str = "top") -> alt.Color:
    """Return each forecast's own colour, by the column `name`."""
    scale = alt.Scale(domain=sides(names), range=[COLOURS[name] for name in names])
    return alt.Color("name:N", scale=scale, legend=legend(orient))


def legend(orient: Any = "top") -> alt.Legend:
    """Return a legend without a title, which fits on a narrow page."""
    return alt.Legend(title=None, orient=orient, columns=2, labelLimit=260, symbolStrokeWidth=2, symbolOpacity=1)


def x_of(field: str, title: str, scale: Any = alt.Undefined, format: str = "") -> alt.X:
    """Return the horizontal place of a number; with a format its axis is one of shares."""
    return alt.X(f"{field}:Q", title=f"@t:{title}", scale=scale, axis=_axis(format))


def y_of(field: str, title: str, scale: Any = alt.Undefined, format: str = "") -> alt.Y:
    """Return the vertical place of a number; with a format its axis is one of shares."""
    return alt.Y(f"{field}:Q", title=f"@t:{title}", scale=scale, axis=_axis(format))


def tip(field: str, title: str, format: str = "") -> alt.Tooltip:
    """Return a line of what is shown at the pointer."""
    return alt.Tooltip(field, title=f"@t:{title}", format=format or alt.Undefined)


def _axis(format: str) -> Any:
    return alt.Axis(format=format, values=SHARES) if format else alt.Undefined
