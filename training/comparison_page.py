"""A page that compares all forecasts of a fit's trials, kept with its run: one file for MLflow's viewer."""

from importlib import resources
from io import StringIO

import pandas as pd
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from training.evaluation.catalog import METRICS
from training.evaluation.measure_formats import format_of
from training.evaluation.plots import losses_plot

PLOTTED = ("deviance", "log_loss")


def comparison_page(measures: pd.DataFrame, title: str) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    measures : pandas.DataFrame
        Indexed by `date` (ISO), `horizon` (days) and `forecast`; a column a measure.
    title : str
    """
    template = resources.files("training").joinpath("comparison_page.html").read_text()
    horizons = sorted(measures.index.get_level_values("horizon").unique())
    sections = []
    for horizon_days in horizons:
        rows = pd.DataFrame(measures.xs(horizon_days, level="horizon")).dropna(axis="columns", how="all")
        sections.append(
            {
                "title": f"{horizon_days} days",
                "plots": [_svg(losses_plot(rows[name].unstack("forecast"), name)) for name in PLOTTED if name in rows],
                "tables": {date: _cells(table.droplevel("date")) for date, table in rows.groupby(level="date")},
                "measures": [str(name).replace("_", " ") for name in rows],
            }
        )
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(title=title, sections=sections)


def _cells(table: pd.DataFrame) -> list[tuple[str, list[tuple[str, bool]]]]:
    """Return for each forecast its name, and each measure's text and whether it is the best."""
    best = {
        name: column.map(METRICS[str(name)].distance).idxmin() for name, column in table.items() if column.notna().any()
    }
    return [
        (str(name), [(_text(value, str(key)), best.get(key) == name) for key, value in row.items()])
        for name, row in table.iterrows()
    ]


def _text(value: float, measure: str) -> str:
    return format(value, format_of(measure)) if value == value else "-"


def _svg(figure: Figure) -> Markup:
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return Markup(text.getvalue()[text.getvalue().index("<svg") :])
