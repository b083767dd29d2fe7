"""A look as one self-contained HTML page, in the style of the report."""

from importlib import metadata
from pathlib import Path

import altair as alt
import pandas as pd

from features.atomic_file import atomic_write
from monitoring.monitor import Look
from monitoring.recommendation import Action
from reporting.charts.style import HEIGHT, Chart, legend, tooltip
from reporting.page.rendering import render

SCRIPTS = ("texts.js", "charts.js", "theme.js", "versions.js")
SECTIONS = ("m_summary", "m_intake", "m_columns", "m_weeks", "m_windows")
CHALLENGER_SECTION = "m_challenger"
KEYS = {
    Action.NOTHING: "nothing",
    Action.RECALIBRATE: "recalibrate",
    Action.REFIT: "refit",
    Action.INTAKE: "intake",
}
SHOWN_WEEKS = 104
SERIES = ("forecast", "purchases")


def write_look_page(path: str | Path, look: Look, language: str = "en") -> None:
    """Write the page to a file; see `render_look` for the parameters."""
    text = render_look(look, language)
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8")


def render_look(look: Look, language: str = "en") -> str:
    """Return the page as HTML.

    Parameters
    ----------
    look : Look
    language : {"en", "zh"}
        The page's first language; the page can switch it. Reasons are in English.
    """
    weeks = None if look.weekly is None or look.weekly.table.empty else look.weekly.table
    measures = None if look.matured is None else look.matured.measures
    whole = pd.DataFrame() if measures is None or measures.empty else measures[measures["segment"] == "all"]
    return render(
        "monitor.html",
        language,
        ("monitor.title", {"date": str(look.as_of.date)}),
        SCRIPTS,
        {"charts": {} if weeks is None else {"weeks": weeks_chart(weeks).to_dict()}},
        made="monitor.made",
        sections=SECTIONS if look.challenger is None else (*SECTIONS, CHALLENGER_SECTION),
        code_version=metadata.version("regulars"),
        date=str(look.as_of.date),
        customers=look.customers,
        events=look.events,
        version=look.version,
        fitted=look.fitted,
        action=KEYS[look.recommendation.action],
        reasons=look.recommendation.reasons,
        intake=look.intake.alarms,
        figures=len(look.intake.table),
        columns=None if look.columns is None else look.columns.alarms,
        compared=0 if look.columns is None else len(look.columns.table),
        has_weeks=weeks is not None,
        how_weeks="monitor.how_weeks" if look.logged is None else "monitor.how_logged",
        windows=whole,
        beside=look.challenger,
        estimates=pd.DataFrame() if look.matured is None else look.matured.estimates,
    )


def weeks_chart(weeks: pd.DataFrame) -> Chart:
    """Return forecast and purchases of each week as lines; the weeks before the fit are paler."""
    rows = weeks.tail(SHOWN_WEEKS).melt(["from", "reference"], list(SERIES), "series", "value")
    rows["series"] = "@t:monitor." + rows["series"].astype(str)
    return (
        alt.Chart(rows.round({"value": 2}))
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=alt.X("from:T", title=None, axis=alt.Axis(format="%Y-%m")),
            y=alt.Y("value:Q", title="@t:monitor.purchase_days", scale=alt.Scale(zero=True)),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(domain=[f"@t:monitor.{name}" for name in SERIES], range=["@model", "@rule"]),
                legend=legend(),
            ),
            opacity=alt.Opacity("reference:N", scale=alt.Scale(domain=[False, True], range=[1, 0.35]), legend=None),
            tooltip=[
                tooltip("from:T", "monitor.week_from"),
                tooltip("series:N", "label.measure"),
                tooltip("value:Q", "monitor.purchase_days", ",.0f"),
            ],
        )
        .properties(width="container", height=HEIGHT)
    )
