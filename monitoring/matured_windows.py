"""Measures of windows that are over, and the log loss to be expected of those that are not.

A model's own estimate of its log loss takes its calibration for granted, and that is what drifts: on real logs it is
worse than "as last time". The estimate and the gap that the last window showed are together better than either.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.store.event_store import EventStore
from training.evaluation.evaluation import segment
from training.evaluation.metrics import SMALLEST_PROBABILITY, auc, bias, calibration_error, churn_log_loss, deviance
from training.fit import sample_customers
from training.models.customer_model import CustomerModel
from training.targets import horizon_is_over, targets

WINDOWS, STEP_DAYS = 8, 28
CUSTOMERS = 20_000
LEAST_CUSTOMERS = 50
NEEDED = 2
"""How many past errors a band needs."""


@dataclass(frozen=True)
class MaturedWindows:
    """Measures by window, and the estimates of windows that are not over.

    Attributes
    ----------
    measures : pandas.DataFrame
        One row a horizon, cutoff and segment (`all` for everybody), the latest cutoff first: `horizon_days, cutoff,
        before_fit` (whether the window begins before the cutoff of the fit, which then knew some of its outcomes),
        `segment, customers, deviance, log_loss, calibration_error, bias` (forecast / outcome - 1), `auc`,
        `estimated_log_loss` (by the model itself).
    estimates : pandas.DataFrame
        One row a horizon, for the window that begins now: `horizon_days, estimate` (by the model itself), `log_loss`
        (with the gap of the last window that is over), `low`, `high`; null where too little is over to tell. Windows
        before the fit play no part: the gap of what a model learnt from says too little of what it did not.
    """

    measures: pd.DataFrame
    estimates: pd.DataFrame


def matured_windows(
    store: EventStore,
    model: CustomerModel,
    as_of: AsOf,
    horizons: Sequence[int],
    *,
    seed: int = 0,
) -> MaturedWindows:
    """Measure the model on windows that are over at a moment, `STEP_DAYS` apart, and estimate the one that begins.

    Parameters
    ----------
    store : EventStore
    model : CustomerModel
    as_of : AsOf
        Outcomes are those known then.
    horizons : sequence of int
        In days.
    seed : int

    Returns
    -------
    MaturedWindows
    """
    customers = sample_customers(store, as_of, CUSTOMERS, seed)
    fitted = AsOf.parse(model.card.as_of, store.timezone).day
    rows, estimates = [], []
    for horizon in horizons:
        matured: list[dict[str, object]] = []
        for at in range(WINDOWS):
            start = AsOf.at_midnight(as_of.day - horizon - STEP_DAYS * at, store.timezone)
            if horizon_is_over(store, start, horizon, as_of):
                window = _window(store, model, start, horizon, customers, as_of)
                matured += [{**row, "before_fit": start.day < fitted} for row in window]
        rows += matured
        whole = pd.DataFrame([row for row in matured if row["segment"] == "all" and not row["before_fit"]])
        now = feature_table(store, as_of, customers)
        own = model.predict(now[now["purchase_days"] > 0], as_of.day, horizon)["churn_probability"]
        estimates.append({"horizon_days": horizon, **corrected_estimate(whole, own_log_loss(own), horizon, as_of.day)})
    measures = pd.DataFrame(rows)
    return MaturedWindows(measures.drop(columns="day") if len(measures) else measures, pd.DataFrame(estimates))


def own_log_loss(churn: pd.Series | NDArray[np.float64]) -> float:
    """Return the log loss that probabilities expect of themselves.

    Examples
    --------
    >>> round(own_log_loss(np.array([0.5, 0.5])), 3)
    0.693
    """
    p = np.clip(np.asarray(churn, float), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return float(-np.mean(p * np.log(p) + (1 - p) * np.log(1 - p))) if len(p) else float("nan")


def _window(
    store: EventStore,
    model: CustomerModel,
    start: AsOf,
    horizon: int,
    customers: NDArray[np.int64] | None,
    known_at: AsOf,
) -> list[dict[str, object]]:
    features = feature_table(store, start, customers)
    buyers = features[features["purchase_days"] > 0]
    if len(buyers) < LEAST_CUSTOMERS:
        return []
    forecast = model.predict(buyers, start.day, horizon)
    happened = targets(store, start, [horizon], known_at).reindex(buyers.index)
    segments = segment(buyers)
    rows: list[dict[str, object]] = []
    for name in ("all", *sorted(segments.unique())):
        own = np.ones(len(buyers), bool) if name == "all" else (segments == name).to_numpy()
        if own.sum() < LEAST_CUSTOMERS:
            continue
        count, churned = happened.loc[own, f"purchases_{horizon}"], happened.loc[own, f"churned_{horizon}"]
        said, churn = forecast.loc[own, "expected_purchases"], forecast.loc[own, "churn_probability"]
        rows.append(
            {
                "horizon_days": horizon,
                "cutoff": str(start.date),
                "day": start.day,
                "segment": name,
                "customers": int(own.sum()),
                "deviance": deviance(count, said),
                "log_loss": churn_log_loss(churned, churn),
                "calibration_error": calibration_error(churned, churn),
                "bias": bias(count, said),
                "auc": auc(churned, churn),
                "estimated_log_loss": own_log_loss(churn),
            }
        )
    return rows


def corrected_estimate(matured: pd.DataFrame, estimate: float, horizon: int, day: int) -> dict[str, float]:
    """Return the model's own estimate with the gap of the last window that was over, and a band of its past errors.

    Parameters
    ----------
    matured : pandas.DataFrame
        `day`, `log_loss` and `estimated_log_loss` of windows that are over, the latest first.
    estimate : float
        The model's own, of the window that begins at `day`.
    horizon, day : int

    Returns
    -------
    dict of str to float
        `estimate`, `log_loss`, `low`, `high`: twice the root mean square of the errors that the same estimate would
        have made of earlier windows; null without `NEEDED` of them.
    """
    unknown = {"estimate": estimate, "log_loss": float("nan"), "low": float("nan"), "high": float("nan")}
    if matured.empty:
        return unknown
    gaps = (matured["log_loss"] - matured["estimated_log_loss"]).to_numpy(float)
    days = matured["day"].to_numpy(int)
    errors = []
    for at, start in enumerate(days):
        over = np.flatnonzero(days <= start - horizon)  # of the windows before it, those that were over when it began
        if len(over):
            errors.append(gaps[at] - gaps[over[0]])
    if len(errors) < NEEDED:
        return unknown
    value = estimate + gaps[0]
    band = 2 * float(np.sqrt(np.mean(np.square(errors))))
    return {"estimate": estimate, "log_loss": value, "low": max(0.0, value - band), "high": value + band}
