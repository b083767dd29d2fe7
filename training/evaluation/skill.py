"""Measures of forecasts as a tidy table with intervals, and their skill against a reference forecast."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.evaluation.catalog import chosen_metrics, value_of
from training.evaluation.evaluation import customer_losses
from training.evaluation.intervals import bootstrap, bootstrap_draws

REFERENCES = ("base_rate", "own_rate", "bg_nbd")
"""Skill is against the first of these among the forecasts."""
SKILLS = {"deviance_skill": "deviance", "log_loss_skill": "log_loss"}
"""The skills, and the loss of each."""
UNKNOWN = (np.nan, np.nan)
"""An interval that is not known, as that of one customer."""


def tidy_measures(
    purchases: pd.Series, forecasts: Mapping[str, pd.DataFrame], metrics: Sequence[str] = (), seed: int = 0
) -> pd.DataFrame:
    """Return the measures of forecasts, a row for each forecast and metric, with 95 % bootstrap intervals.

    Skill is 1 less the ratio of a loss to that of the reference on the same customers: 1 is perfect, 0 as good as the
    reference. Its interval is paired: each draw takes the same customers for both.

    Parameters
    ----------
    purchases : pandas.Series of int, shape (n,)
        Purchase occasions in the horizon, indexed by `customer_id`.
    forecasts : mapping of str to pandas.DataFrame
        By name, the tested one first; see `training.evaluation.evaluation.measures`.
    metrics : sequence of str
        Names of metrics; all without any.
    seed : int
        Of the draws.

    Returns
    -------
    pandas.DataFrame
        `model` (name of the forecast), `metric` (the metrics, then `deviance_skill` and `log_loss_skill`), `value`,
        `low` and `high`; null where undefined. Of a metric that is no mean over customers, such as `auc`, only the
        tested forecast has an interval, because each draw of it takes milliseconds.
    """
    chosen = chosen_metrics(metrics)
    y = purchases.to_numpy()
    tested = next(iter(forecasts))
    reference = skill_reference(forecasts)
    figures = {name: _customer_figures(purchases, forecast) for name, forecast in forecasts.items()}
    stacked = pd.concat(figures, axis=1)
    drawn_anew = [name for name in chosen if name not in _measures_of(figures[tested].mean())]

    def draw(rows: NDArray[np.int64]) -> dict[tuple[str, str], float]:
        weights = np.bincount(rows, minlength=len(y))
        means = pd.Series(weights @ stacked.to_numpy() / len(rows), stacked.columns)
        by_name = {name: _measures_of(means[name]) for name in forecasts}
        for name in forecasts:
            by_name[name] |= {skill: _skill(by_name, name, reference, loss) for skill, loss in SKILLS.items()}
        sample = forecasts[tested].iloc[rows]
        by_name[tested] |= {name: value_of(name, chosen[name], y[rows], sample) for name in drawn_anew}
        return {(name, metric): value for name, found in by_name.items() for metric, value in found.items()}

    all_customers = draw(np.arange(len(y)))
    bounds = bootstrap(draw, len(y), bootstrap_draws(len(y)), seed).T.to_dict("list")
    table = []
    for name, forecast in forecasts.items():
        values = {metric: value_of(metric, chosen[metric], y, forecast) for metric in chosen}
        values |= {skill: all_customers[name, skill] for skill in SKILLS}
        for metric, value in values.items():
            known = value == value and len(y) > 1
            low, high = bounds.get((name, metric), UNKNOWN) if known else UNKNOWN
            table.append((name, metric, value, low, high))
    return pd.DataFrame(table, columns=["model", "metric", "value", "low", "high"])


def skill_reference(names: Iterable[str]) -> str:
    """Return the name of the forecast that skill is against; empty when there is none among the names."""
    present = set(names)
    return next((name for name in REFERENCES if name in present), "")


def _customer_figures(purchases: pd.Series, forecast: pd.DataFrame) -> pd.DataFrame:
    """Return what each customer adds to the means that `_measures_of` combines, all of shape (n,)."""
    y = purchases.to_numpy(float)
    expected, none = (forecast[name].to_numpy(float) for name in ("expected_purchases", "churn_probability"))
    ends = forecast.reindex(columns=["low", "high"]).to_numpy(float)
    inside = np.where(np.isnan(ends[:, 0]), np.nan, (ends[:, 0] <= y) & (y <= ends[:, 1]))
    return customer_losses(purchases, forecast).assign(
        squared=(expected - y) ** 2,
        absolute=np.abs(expected - y),
        brier=((y == 0) - none) ** 2,
        coverage=inside,
        expected=expected,
        observed=y,
    )


def _measures_of(means: "pd.Series[float]") -> dict[str, float]:
    """Return the metrics that follow from means over customers, by their names in the catalog."""
    return {
        **{name: float(means[name]) for name in ("deviance", "log_loss", "brier", "coverage")},
        "rmse": float(np.sqrt(means["squared"])),
        "mae": float(means["absolute"]),
        "bias": float(means["expected"] / means["observed"] - 1) if means["observed"] else np.nan,
    }


def _skill(found: Mapping[str, Mapping[str, float]], name: str, reference: str, loss: str) -> float:
    of_reference = found[reference][loss] if reference else 0.0
    return 1 - found[name][loss] / of_reference if of_reference else np.nan
