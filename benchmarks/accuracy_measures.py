"""Measures of `benchmarks.accuracy`, and paired comparisons of one forecaster with all others."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from benchmarks.accuracy_cache import Case
from benchmarks.accuracy_forecasters import BUY_TILL_YOU_DIE, NETWORK
from benchmarks.regret import regret
from training.evaluation import metrics
from training.evaluation.evaluation import customer_losses

Floats = NDArray[np.float64]
LOSSES = ("deviance", "log_loss")
MARGINS = {NETWORK: 0.02}
"""How much more than another forecaster's loss ours may be; 0 for those that are not named."""
LEVEL = 0.05


def case_measures(case: Case) -> pd.DataFrame:
    """Return every measure of every forecast, a row a forecaster."""
    rows = {name: forecast_measures(case.purchases, table) for name, table in case.forecasts.items()}
    return pd.DataFrame(rows).T.rename_axis("forecaster")


def forecast_measures(purchases: pd.Series, forecast: pd.DataFrame) -> dict[str, float]:
    """Return every measure of one forecast.

    `ece` is the calibration error of P(none), `ece_count` that of the count in groups of customers of like forecast,
    as a share of all purchases. `coverage_top` is that of the fifth with the highest forecasts.
    """
    y, mu, none = purchases.to_numpy(), forecast["expected_purchases"].to_numpy(), forecast["churn_probability"]
    churned, top = y == 0, metrics.list_membership(mu, max(1, len(y) // 5))
    held = (forecast["low"].to_numpy() <= y) & (y <= forecast["high"].to_numpy())
    losses = customer_losses(purchases, forecast).mean()
    return {
        "deviance": float(losses["deviance"]),
        "rmse": metrics.rmse(y, mu),
        "spearman": metrics.spearman(y, mu),
        "log_loss": float(losses["log_loss"]),
        "brier": metrics.brier(churned, none),
        "auc": metrics.auc(churned, none),
        "bias": metrics.bias(y, mu),
        "ece": metrics.calibration_error(churned, none),
        "ece_count": metrics.calibration_error(y, mu) / max(float(y.mean()), metrics.SMALLEST_COUNT),
        "coverage": float(held.mean()),
        "coverage_top": float(np.average(held, weights=top)),  # equal forecasts at its edge share its last places
    }


def regrets(found: Sequence[Case]) -> pd.DataFrame:
    """Return the regret of each forecast of simulated logs, averaged over the cases of a log: see `regret`."""
    rows = [
        {"log": case.log, "forecaster": name}
        | regret(case.truth, table["expected_purchases"].to_numpy(), table["churn_probability"].to_numpy()).to_dict()
        for case in found
        if case.truth is not None
        for name, table in case.forecasts.items()
    ]
    return pd.DataFrame(rows).groupby(["log", "forecaster"]).mean() if rows else pd.DataFrame()


def case_losses(case: Case) -> pd.DataFrame:
    """Return the losses of each customer: columns are (loss, forecaster)."""
    tables = {name: customer_losses(case.purchases, table) for name, table in case.forecasts.items()}
    return pd.concat(tables, axis=1).swaplevel(axis=1)


def loss_ratio(own: ArrayLike, other: ArrayLike) -> tuple[float, float]:
    """Return the ratio of two mean losses of the same customers, and its standard error by the delta method."""
    a, b = np.asarray(own, float), np.asarray(other, float)
    if not b.mean() > 0:
        return np.nan, np.nan
    ratio = float(a.mean() / b.mean())
    return ratio, float(np.std(a - ratio * b, ddof=1) / (np.sqrt(len(a)) * b.mean()))


def holm(p: ArrayLike) -> Floats:
    """Return p-values adjusted for all comparisons, in their order.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6(2).
    """
    values = np.asarray(p, float)
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def comparisons(found: Sequence[Case], of: str = "ours") -> pd.DataFrame:
    """Compare a forecaster with every other one, case by case, customers paired.

    Returns
    -------
    DataFrame
        `log`, `date`, `horizon`, `loss`, `other`, `gain` (share by which the mean loss is less than the other's) with
        the ends `low` and `high` of its 95 % interval, and `worse`: the p-value, adjusted over all rows, of the loss
        being no more than the other's plus its margin (`MARGINS`), one-sided.
    """
    rows = []
    for case in found:
        if of not in case.forecasts:
            continue
        losses = case_losses(case)
        for loss in LOSSES:
            for other in case.forecasts:
                if other == of:
                    continue
                ratio, error = loss_ratio(losses[loss, of], losses[loss, other])
                z = (ratio - 1 - MARGINS.get(other, 0.0)) / max(error, 1e-12)
                half = norm.ppf(0.975) * error
                rows.append((*case.key, loss, other, 1 - ratio, 1 - ratio - half, 1 - ratio + half, norm.sf(z)))
    table = pd.DataFrame(rows, columns=["log", "date", "horizon", "loss", "other", "gain", "low", "high", "worse"])
    return table.assign(worse=holm(table["worse"]))


def mean_gains(found: Sequence[Case], of: str = "ours", draws: int = 200) -> pd.DataFrame:
    """Return the gain over the best buy-till-you-die model of each case, averaged in each log, then over the logs.

    The intervals of 95 % are bootstraps over customers, each drawn with all their cases. Which model is the best is not
    drawn anew.

    Returns
    -------
    DataFrame
        `gain`, `low`, `high`, indexed by `log` (and `mean`, over the logs) and `loss`.
    """
    made = [case for case in found if {of, *BUY_TILL_YOU_DIE} <= set(case.forecasts)]
    drawn = {name: _gains_of_log(cases, of, draws) for name, cases in by_log(made).items()}
    if not drawn:
        return pd.DataFrame(columns=["gain", "low", "high"])
    rows = {}
    for loss in LOSSES:
        every = {name: gains[loss] for name, gains in drawn.items()}
        every["mean"] = np.mean(list(every.values()), axis=0)
        for name, values in every.items():
            low, high = np.quantile(values[1:], [0.025, 0.975])
            rows[name, loss] = (values[0], low, high)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["gain", "low", "high"])
    table.index = pd.MultiIndex.from_tuples(list(rows), names=["log", "loss"])
    return table


def by_log(found: Sequence[Case]) -> dict[str, list[Case]]:
    """Return the cases of each log."""
    logs: dict[str, list[Case]] = {}
    for case in found:
        logs.setdefault(case.log, []).append(case)
    return logs


def _gains_of_log(cases: Sequence[Case], of: str, draws: int) -> Mapping[str, Floats]:
    """Return by loss the gain over the best model, of all customers and then of each draw of them."""
    customers = cases[0].purchases.index
    for case in cases[1:]:
        customers = customers.union(case.purchases.index)
    rng = np.random.default_rng(0)
    weights = np.vstack(
        [np.ones(len(customers)), rng.multinomial(len(customers), [1 / len(customers)] * len(customers), draws)]
    )
    gains: dict[str, list[Floats]] = {loss: [] for loss in LOSSES}
    for case in cases:
        losses = case_losses(case)
        of_case = weights[:, customers.get_indexer(case.purchases.index)]
        for loss in LOSSES:
            best = min(BUY_TILL_YOU_DIE, key=lambda name, loss=loss: losses[loss, name].mean())  # type: ignore[misc]
            own, other = (of_case @ losses[loss, name].to_numpy() for name in (of, best))
            gains[loss].append(1 - own / other)
    return {loss: np.mean(values, axis=0) for loss, values in gains.items()}
