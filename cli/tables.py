"""The table of forecast measures that `fit` and `backtest` print."""

import itertools
from typing import TYPE_CHECKING

from cli.terminal import Figure, echo, echo_table

if TYPE_CHECKING:
    import pandas as pd

TABLES = {
    "number of purchases": ("deviance", "rmse", "spearman", "gini", "bias", "coverage"),
    "churn": ("log_loss", "brier", "auc", "calibration"),
}
OWN = "own metrics"
HIDDEN = {"mae", "customers"}
SHORT_NAMES = {"days_since_last_purchase": "days since last"}


def measure_table(measures: "pd.DataFrame", title: str) -> None:
    """Print the measures of every forecast, a row each, with the best value of each measure marked.

    Parameters
    ----------
    measures : pandas.DataFrame
        One row for each forecast and one column for each measure, as `training.evaluation.evaluation.measures`
        returns them.
    title : str
        The line above the tables.
    """
    from training.evaluation.catalog import METRICS
    from training.evaluation.measure_formats import format_of

    known = measures.dropna(axis="columns", how="all")  # with one customer, say, some are undefined for all forecasts
    best = {name: column.map(METRICS[str(name)].distance).idxmin() for name, column in known.items()}

    def cell(forecast: str, measure: str) -> Figure:
        value = float(measures.at[forecast, measure])  # type: ignore[arg-type]  # every column is of floats
        return Figure(value, format_of(measure), "*" if best.get(measure) == forecast else " ")

    echo(title)
    for name, columns in tables_of(measures).items():
        rows = [
            [SHORT_NAMES.get(str(f), str(f)), *(cell(str(f), column) for column in columns)] for f in measures.index
        ]
        echo_table(name, ["forecast", *(column.replace("_", " ") for column in columns)], rows)
    echo("* best; lower is better except for spearman, gini and auc; the best bias is 0, the best coverage 90 %")
    for name in tables_of(measures).get(OWN, ()):
        echo(f"{name}: {METRICS[name].direction}")


def skill_table(table: "pd.DataFrame") -> None:
    """Print losses and skill at each date and horizon, a row each, beside the best baseline.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of `training.backtest.Backtest.tidy_measures`, of dates and horizons whose outcome is known.
    """
    from training.evaluation.skill import skill_reference

    for loss, (days, found) in itertools.product(("deviance", "log_loss"), table.groupby("horizon_days")):
        if loss not in set(found["metric"]):
            continue
        rows = []
        for day, at_date in found.groupby("date"):
            losses = dict(at_date.loc[at_date["metric"] == loss, ["model", "value"]].dropna().to_numpy())
            skill = at_date.loc[(at_date["metric"] == f"{loss}_skill") & (at_date["model"] == "model")].iloc[0]
            own = losses.pop("model", float("nan"))
            best = min(losses, key=losses.__getitem__, default="")
            figures = [own, losses.get(best, float("nan")), *skill[["value", "low", "high"]]]
            cells = [Figure(figure, ".3f") for figure in figures]
            name = SHORT_NAMES.get(best, best) or "-"
            rows.append([str(day), str(at_date["recipe"].dropna().iloc[0]), cells[0], name, *cells[1:]])
        head = ["date", "model", "loss", "best baseline", "loss", "skill", "low", "high"]
        echo_table(f"{loss.replace('_', ' ')} over {days} days", head, rows)
    echo(f"skill: 1 - loss / loss of {skill_reference(table['model'])}, low and high its 95 % interval; 1 is perfect")


def segment_table(by_segment: "pd.DataFrame", title: str) -> None:
    """Print the model's measures for each segment of customers: a row each, with the losses and one's own metrics.

    Parameters
    ----------
    by_segment : pandas.DataFrame
        One row for each segment and one column for each measure, and `customers`.
    title : str
        The line above the table.
    """
    own = tables_of(by_segment).get(OWN, ())
    columns = ["customers", *(name for name in ("deviance", "log_loss", *own) if name in by_segment)]
    rows = [
        [str(group), Figure(int(customers)), *(Figure(value, ".3f") for value in values)]
        for group, customers, *values in by_segment[columns].itertuples()
    ]
    echo_table(title, ["segment", *(column.replace("_", " ") for column in columns)], rows)


def tables_of(measures: "pd.DataFrame") -> dict[str, tuple[str, ...]]:
    """Return the titles of the tables with the measures in each; those that are not built in have their own."""
    known = {measure for columns in TABLES.values() for measure in columns} | HIDDEN
    own = tuple(str(name) for name in measures if name not in known)
    tables = {title: tuple(name for name in columns if name in measures) for title, columns in TABLES.items()}
    return {title: columns for title, columns in {**tables, OWN: own}.items() if columns}
