"""The backtest: learn from events before a date only, forecast the horizon after it, and measure it once it is over."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.as_of import AsOf, AsOfLike
from features.errors import ModelError, TooLittleDataError
from features.loyalty.formula import Formula
from features.loyalty.scoring import drop_unpriced_parts, score
from features.store.event_store import EventStore
from training.candidates import TrainingData, fit_model
from training.evaluation.evaluation import measures, measures_by, segment
from training.fit import StepProgress, fit_customer_model
from training.models.catalog import new_model
from training.models.count_intervals import at_cutoff
from training.models.customer_model import CustomerModel
from training.models.forecaster import Forecaster, forecast
from training.models.window import Window
from training.settings import BASELINES, FitSettings
from training.windows import activity, midnight, window


@dataclass(frozen=True)
class Backtest:
    """Forecasts at a date, and how good they were.

    Attributes
    ----------
    features : pandas.DataFrame
        The feature table at the date, a row for each customer who had bought; all else is indexed like it.
    loyalty_score : pandas.Series
        The rule's score, 0 to 100; NaN without data.
    forecasts : dict of str to pandas.DataFrame
        `expected_purchases` and `churn_probability` of `model` and of each baseline.
    purchases : pandas.Series or None
        Purchase occasions in the horizon; None while it is not over.
    measures : pandas.DataFrame or None
        A row for each forecast, a column for each measure; None while the horizon is not over.
    by_segment : pandas.DataFrame or None
        The model's measures for each segment of customers, and how many `customers` are in it.
    model : CustomerModel
    """

    features: pd.DataFrame
    loyalty_score: pd.Series
    forecasts: dict[str, pd.DataFrame]
    purchases: pd.Series | None
    measures: pd.DataFrame | None
    by_segment: pd.DataFrame | None
    model: CustomerModel

    def table(self) -> pd.DataFrame:
        """Return score and forecasts side by side: `loyalty_score`, the model's two columns, a count per baseline."""
        model = self.forecasts["model"]
        columns = {
            "loyalty_score": self.loyalty_score,
            "expected_purchases": model["expected_purchases"],
            "churn_probability": model["churn_probability"],
        }
        columns |= {name: f["expected_purchases"] for name, f in self.forecasts.items() if name != "model"}
        return pd.DataFrame(columns)


def backtest(
    store: EventStore,
    as_of: AsOfLike,
    horizon_days: int,
    formula: Formula,
    *,
    model: str | Forecaster = "standard",
    baselines: Sequence[str] = BASELINES,
    settings: FitSettings = FitSettings(),
    metrics: Sequence[str] = (),
    quick: bool = False,
    progress: StepProgress | None = None,
) -> Backtest:
    """Fit at a date and forecast every customer who had bought by then, with every baseline beside the model.

    Parameters
    ----------
    store : EventStore
    as_of : AsOf, str, datetime.date or datetime.datetime
        Only events before its midnight are learnt from.
    horizon_days : int
        Days to forecast, from that midnight on.
    formula : Formula
        The loyalty formula; its score is one of the baselines.
    model : str or Forecaster
        The model of purchases: a name in `training.models.catalog.MODELS`, or an unfitted model.
    baselines : sequence of str
        Names of the models to compare it with.
    settings : FitSettings
        What the fit learns from.
    metrics : sequence of str
        Names of the metrics to report; all without any.
    quick : bool
        Learn from fewer customers.
    progress : callable, optional
        Called with the name of each step as it begins.

    Returns
    -------
    Backtest

    Raises
    ------
    TooLittleDataError
        When nobody had bought by then.
    ModelError
        When a model fails, or breaks a law.
    """
    formula = drop_unpriced_parts(store, formula)
    cutoff = midnight(store, as_of)
    fitted = fit_customer_model(store, cutoff, formula, model=model, settings=settings, quick=quick, progress=progress)
    current = window(store, cutoff, [horizon_days])
    forecasts = {"model": fitted.predict(current.features, cutoff.day, horizon_days)}
    if progress:
        progress("baselines")
    forecasts |= baseline_forecasts(store, current, horizon_days, formula, baselines)
    if missing := int(forecasts["model"]["expected_purchases"].isna().sum()):
        raise ModelError(f"the model {fitted.card.model} gives no possible forecast for {missing:,} customers: mend it")
    purchases, table, by_segment = None, None, None
    if horizon_days in current.purchases:
        purchases = pd.Series(current.purchases[horizon_days], current.features.index, name="purchases")
        table = measures(purchases, forecasts, metrics)
        own = {"model": forecasts["model"]}
        by_segment = measures_by(purchases, own, segment(current.features), metrics).droplevel("forecast")
    rule = score(current.features, formula)["loyalty_score"]
    return Backtest(current.features, rule, forecasts, purchases, table, by_segment, fitted)


def baseline_forecasts(
    store: EventStore, current: Window, horizon_days: int, formula: Formula, names: Sequence[str] = BASELINES
) -> dict[str, pd.DataFrame]:
    """Return the forecasts of models by name for a window's customers.

    They learn from the window, without its outcome, and from the latest earlier one that was over at its date. That is
    as long as the horizon, or half of the history where that is shorter. A model that needs an outcome is left out
    where there is no earlier window.
    """
    cutoff = AsOf.at_midnight(current.day, store.timezone)
    past = activity(store, cutoff)
    past_days = max(1, min(horizon_days, (current.day - past.first_day) // 2))
    before = window(store, AsOf.at_midnight(current.day - past_days, store.timezone), [past_days], cutoff)
    data = TrainingData(current, [before] if len(before.features) else [], past, horizon_days)
    at_start = at_cutoff(current.features, current.day)
    out: dict[str, pd.DataFrame] = {}
    for name in names:
        with suppress(TooLittleDataError):
            out[name] = _forecast(name, fit_model(name, new_model(name, formula), data), at_start, horizon_days)
    return out


def _forecast(name: str, model: Forecaster, features: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    expected, none = forecast(model, features, horizon_days, joint=False)
    if unusable := int((~np.isfinite(expected + none)).sum()):
        raise ModelError(
            f"the baseline {name} gives no finite forecast for {unusable:,} of {len(features):,} customers: "
            "mend it, or leave it out of [candidates] baselines"
        )
    return pd.DataFrame({"expected_purchases": expected, "churn_probability": none}, features.index)
