"""The metrics by name, those of Regulars and those of installed packages, and which way each is better."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import InvalidArgumentError, ModelError, PluginError
from features.known_names import check_name
from features.plugins import load_plugins
from training.evaluation.metrics import (
    auc,
    bias,
    brier,
    calibration_error,
    churn_log_loss,
    coverage,
    deviance,
    mae,
    normalised_gini,
    rmse,
    spearman,
)

MetricFunction = Callable[[NDArray[np.int64], pd.DataFrame], float]
"""Takes the purchase occasions of n customers in the horizon and their forecasts, a DataFrame with the columns
`expected_purchases`, `churn_probability`, `low` and `high` (NaN without an interval), and returns one number, NaN where
there is none."""
FORECAST_COLUMNS = ("expected_purchases", "churn_probability", "low", "high")
LOWER, HIGHER = -math.inf, math.inf
GROUP = "regulars.metrics"
"""The group of entry points of other packages' metrics."""


@dataclass(frozen=True)
class Metric:
    """A metric and its best value.

    Attributes
    ----------
    function : callable
        See `MetricFunction`.
    best : float
        `LOWER` where lower is better, `HIGHER` where higher is better, else the value that is best.
    """

    function: MetricFunction
    best: float = LOWER

    def distance(self, value: float) -> float:
        """Return how far a value is from the best: of two forecasts the one with the smaller distance is better."""
        return value if self.best == LOWER else -value if self.best == HIGHER else abs(value - self.best)

    @property
    def direction(self) -> str:
        """Which way is better, in words."""
        return {LOWER: "lower is better", HIGHER: "higher is better"}.get(self.best, f"the best is {self.best:g}")


def _of_counts(function: Callable[[NDArray[np.int64], pd.Series], float]) -> MetricFunction:
    return lambda y, forecast: function(y, forecast["expected_purchases"])


def _of_churn(function: Callable[[NDArray[np.bool_], pd.Series], float]) -> MetricFunction:
    return lambda y, forecast: function(y == 0, forecast["churn_probability"])


def _coverage(y: NDArray[np.int64], forecast: pd.DataFrame) -> float:
    return math.nan if forecast["low"].isna().all() else coverage(y, forecast["low"], forecast["high"])


BUILT_IN: dict[str, Metric] = {
    "deviance": Metric(_of_counts(deviance)),
    "rmse": Metric(_of_counts(rmse)),
    "mae": Metric(_of_counts(mae)),
    "spearman": Metric(_of_counts(spearman), HIGHER),
    "bias": Metric(_of_counts(bias), 0.0),
    "gini": Metric(_of_counts(normalised_gini), HIGHER),
    "log_loss": Metric(_of_churn(churn_log_loss)),
    "brier": Metric(_of_churn(brier)),
    "auc": Metric(_of_churn(auc), HIGHER),
    "calibration": Metric(_of_churn(calibration_error)),
    "coverage": Metric(_coverage, 0.9),
}


class Metrics(Mapping[str, Metric]):
    """Metrics by name; those of installed packages are found when first needed.

    A function from a package may state `greater_is_better = True`, or as `best` the value that is best; without either,
    lower is better.
    """

    def __getitem__(self, name: str) -> Metric:
        return _metrics()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_metrics())

    def __len__(self) -> int:
        return len(_metrics())


METRICS = Metrics()


def chosen_metrics(metrics: Sequence[str] | Mapping[str, MetricFunction] = ()) -> dict[str, Metric]:
    """Return metrics by names in `METRICS`, all of them without any name, or functions by names of one's own.

    Raises InvalidArgumentError for an unknown name.
    """
    if isinstance(metrics, Mapping):
        return {name: as_metric(function) for name, function in metrics.items()}
    for name in metrics:
        check_name("unknown metric", name, METRICS, InvalidArgumentError)
    return {name: METRICS[name] for name in metrics or METRICS}


def as_metric(function: MetricFunction) -> Metric:
    """Return a function as a metric, with the best value that it states."""
    best = HIGHER if getattr(function, "greater_is_better", False) else LOWER
    return Metric(function, float(getattr(function, "best", best)))


def value_of(name: str, metric: Metric, y: NDArray[np.int64], forecast: pd.DataFrame) -> float:
    """Return the value of a metric; raises ModelError, in one line, when its function fails.

    Parameters
    ----------
    name : str
        Of the metric, for the message.
    metric : Metric
    y : ndarray of int64, shape (n,)
        Purchase occasions in the horizon.
    forecast : DataFrame, shape (n, columns)
        `expected_purchases`, `churn_probability`, and with an interval `low` and `high`.
    """
    try:
        return float(metric.function(y, forecast.reindex(columns=list(FORECAST_COLUMNS))))
    except Exception as error:  # whatever the code of a package raises
        if name in BUILT_IN:
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ModelError(f"the metric {name} fails, {reason}: mend it, or leave it out of [trials] metrics") from error


@cache
def _metrics() -> dict[str, Metric]:
    functions: dict[str, MetricFunction] = load_plugins(GROUP, Callable)
    if taken := [name for name in functions if name in BUILT_IN]:
        raise PluginError(
            f"plugin {taken[0]!r} ({GROUP}): Regulars has a metric of this name; have the entry point renamed, "
            f"or set [plugins] disabled = [{taken[0]!r}]"
        )
    return BUILT_IN | {name: as_metric(function) for name, function in functions.items()}
