"""Evaluation: formula, models and baselines on the same customers, cutoff, horizon and outcome."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import InvalidArgumentError
from training.evaluation.catalog import METRICS, MetricFunction, chosen_metrics, value_of
from training.evaluation.intervals import bootstrap
from training.evaluation.metrics import SMALLEST_COUNT, SMALLEST_PROBABILITY

NEW_DAYS = 30
"""A customer is new when the first purchase was less than this many days before the cutoff."""
LAPSED_RATIO = 3.0
"""A repeat customer is lapsed after more than this many of their own mean gaps without a purchase."""
PAIRED = ("deviance", "rmse", "spearman", "log_loss", "brier", "auc")


def segment(features: pd.DataFrame) -> pd.Series:
    """Return each customer's segment: `new`, `one-time`, `repeat` or `lapsed`, by what is known at as_of."""
    one_time = features["frequency"] == 0
    lapsed = features["overdue_ratio"] > LAPSED_RATIO
    new = features["T"] < NEW_DAYS
    return pd.Series(
        np.select([new, one_time, lapsed], ["new", "one-time", "lapsed"], "repeat"), features.index, name="segment"
    )


Names = Sequence[str] | Mapping[str, MetricFunction]


def measures(purchases: pd.Series, forecasts: Mapping[str, pd.DataFrame], metrics: Names = ()) -> pd.DataFrame:
    """Return the measures of forecasts on the same customers.

    Parameters
    ----------
    purchases : pandas.Series of int, shape (n,)
        Purchase days of each customer in the horizon, indexed by `customer_id`.
    forecasts : mapping of str to pandas.DataFrame
        By name, each indexed as `purchases`: `expected_purchases` (days), `churn_probability` (0 to 1) and, if the
        forecast has an interval of 90 %, `low` and `high` (days).
    metrics : sequence of str, or mapping of str to callable
        Names in `training.evaluation.catalog.METRICS`, all without any; or functions by names of one's own, see
        `MetricFunction`.

    Returns
    -------
    pandas.DataFrame
        One row a forecast, one column a measure; `coverage` is NaN without an interval.

    Raises
    ------
    InvalidArgumentError
        When a forecast is not for the customers of `purchases`, in their order, or there is no such metric.
    ModelError
        When a metric from outside fails.
    """
    chosen = chosen_metrics(metrics)
    y = purchases.to_numpy()
    rows = {}
    for name, forecast in forecasts.items():
        if not forecast.index.equals(purchases.index):
            raise InvalidArgumentError(
                f"forecast {name!r} is for other customers than the trial: give one row for each, in order"
            )
        rows[name] = {metric: value_of(metric, chosen[metric], y, forecast) for metric in chosen}
    return pd.DataFrame(rows).T.rename_axis("forecast")


def measures_by(
    purchases: pd.Series, forecasts: Mapping[str, pd.DataFrame], groups: pd.Series, metrics: Names = ()
) -> pd.DataFrame:
    """Return `measures` for each group of customers: rows indexed by group and forecast, with `customers` in it."""
    tables = {}
    for group, members in purchases.groupby(groups, observed=True):
        inside = {name: forecast.loc[members.index] for name, forecast in forecasts.items()}
        tables[group] = measures(members, inside, metrics).assign(customers=len(members))
    return pd.concat(tables, names=[str(groups.name)]) if tables else pd.DataFrame()


def customer_losses(purchases: pd.Series, forecast: pd.DataFrame) -> pd.DataFrame:
    """Return the `deviance` and `log_loss` of each customer; their means are the measures of that name."""
    y = purchases.to_numpy(float)
    mu = np.maximum(forecast["expected_purchases"].to_numpy(float), SMALLEST_COUNT)
    p = np.clip(forecast["churn_probability"].to_numpy(float), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    ratio = np.divide(y, mu, out=np.ones_like(mu), where=y > 0)
    deviance = 2 * (y * np.log(ratio) - (y - mu))
    log_loss = -np.where(y == 0, np.log(p), np.log1p(-p))
    return pd.DataFrame({"deviance": deviance, "log_loss": log_loss}, index=purchases.index)


def measure_differences(
    purchases: pd.Series,
    forecasts: Mapping[str, pd.DataFrame],
    of: str,
    against: Sequence[str],
    draws: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the differences of each measure between one forecast and others, with 95 % paired bootstrap intervals.

    Returns
    -------
    DataFrame
        `difference` (the measure of `of` less that of the other), `low` and `high`, indexed by `against` (the other
        forecast) and `measure`. Below 0 is better for `of`, except for `spearman` and `auc`.
    """
    y = purchases.to_numpy()

    def differences(rows: NDArray[np.int64]) -> dict[tuple[str, str], float]:
        drawn = {name: forecasts[name].iloc[rows] for name in (of, *against)}
        figures = {
            name: {m: value_of(m, METRICS[m], y[rows], forecast) for m in PAIRED} for name, forecast in drawn.items()
        }
        return {(other, m): figures[of][m] - figures[other][m] for other in against for m in PAIRED}

    table = pd.Series(differences(np.arange(len(y)))).rename("difference").to_frame()
    table.index.names = ["against", "measure"]
    return table.join(bootstrap(differences, len(y), draws, seed).rename_axis(table.index.names))
