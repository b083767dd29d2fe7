"""The table of forecast measures that `fit` and `backtest` print."""

from typing import TYPE_CHECKING

from cli.terminal import echo, echo_table

if TYPE_CHECKING:
    import pandas as pd

HIGHER_IS_BETTER = ("spearman", "gini", "auc")
TABLES = {
    "number of purchases": ("deviance", "rmse", "spearman", "gini", "bias", "coverage"),
    "churn": ("log_loss", "brier", "auc", "calibration"),
}
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
    distance = measures.assign(bias=measures["bias"].abs(), coverage=(measures["coverage"] - 0.9).abs())
    best = {name: column.idxmax() if name in HIGHER_IS_BETTER else column.idxmin() for name, column in distance.items()}

    def cell(forecast: str, measure: str) -> str:
        value = float(measures.at[forecast, measure])  # type: ignore[arg-type]  # every column is of floats
        if value != value:
            return "- "
        text = f"{value:+.1%}" if measure == "bias" else f"{value:.1%}" if measure == "coverage" else f"{value:.3f}"
        return f"{text}*" if best[measure] == forecast else f"{text} "

    echo(title)
    for name, columns in TABLES.items():
        rows = [
            [SHORT_NAMES.get(str(f), str(f)), *(cell(str(f), column) for column in columns)] for f in measures.index
        ]
        echo_table(name, ["forecast", *(column.replace("_", " ") for column in columns)], rows)
    echo("* best; lower is better except for spearman, gini and auc; the best bias is 0, the best coverage 90 %")
