"""The table of forecast measures that `fit` and `backtest` print."""

from typing import TYPE_CHECKING

from cli.terminal import echo, echo_table

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

    known = measures.dropna(axis="columns", how="all")  # with one customer, say, some are undefined for all forecasts
    best = {name: column.map(METRICS[str(name)].distance).idxmin() for name, column in known.items()}

    def cell(forecast: str, measure: str) -> str:
        value = float(measures.at[forecast, measure])  # type: ignore[arg-type]  # every column is of floats
        if value != value:
            return "- "
        text = f"{value:+.1%}" if measure == "bias" else f"{value:.1%}" if measure == "coverage" else f"{value:.3f}"
        return f"{text}*" if best[measure] == forecast else f"{text} "

    echo(title)
    for name, columns in tables_of(measures).items():
        rows = [
            [SHORT_NAMES.get(str(f), str(f)), *(cell(str(f), column) for column in columns)] for f in measures.index
        ]
        echo_table(name, ["forecast", *(column.replace("_", " ") for column in columns)], rows)
    echo("* best; lower is better except for spearman, gini and auc; the best bias is 0, the best coverage 90 %")
    for name in tables_of(measures).get(OWN, ()):
        echo(f"{name}: {METRICS[name].direction}")


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
        [str(group), f"{int(customers):,}", *(f"{value:.3f}" if value == value else "-" for value in values)]
        for group, customers, *values in by_segment[columns].itertuples()
    ]
    echo_table(title, ["segment", *(column.replace("_", " ") for column in columns)], rows)


def tables_of(measures: "pd.DataFrame") -> dict[str, tuple[str, ...]]:
    """Return the titles of the tables with the measures in each; those that are not built in have their own."""
    known = {measure for columns in TABLES.values() for measure in columns} | HIDDEN
    own = tuple(str(name) for name in measures if name not in known)
    tables = {title: tuple(name for name in columns if name in measures) for title, columns in TABLES.items()}
    return {title: columns for title, columns in {**tables, OWN: own}.items() if columns}
