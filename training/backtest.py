"""The backtest: learn from events before a date only, forecast the horizon after it, and measure it once it is over."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from features.as_of import AsOf, AsOfLike
from features.loyalty.formula import Formula
from features.loyalty.scoring import drop_unpriced_parts, score
from features.store.event_store import EventStore
from training.evaluation.evaluation import measures
from training.fit import StepProgress, fit_customer_model
from training.models.baselines import Baseline, BaseRate, OneColumn, OwnRate, Zero
from training.models.btyd.bg_nbd import BGNBD
from training.models.btyd.mbg_nbd import MBGNBD
from training.models.btyd.pareto_nbd import ParetoNBD
from training.models.customer_model import CustomerModel
from training.models.window import Window
from training.settings import FitSettings
from training.windows import activity, midnight, window

BUY_TILL_YOU_DIE: dict[str, type[BaseEstimator]] = {"bg_nbd": BGNBD, "mbg_nbd": MBGNBD, "pareto_nbd": ParetoNBD}


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
    model : CustomerModel
    """

    features: pd.DataFrame
    loyalty_score: pd.Series
    forecasts: dict[str, pd.DataFrame]
    purchases: pd.Series | None
    measures: pd.DataFrame | None
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
    settings: FitSettings = FitSettings(),
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
    settings : FitSettings
        What the fit learns from.
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
    """
    formula = drop_unpriced_parts(store, formula)
    cutoff = midnight(store, as_of)
    model = fit_customer_model(store, cutoff, formula, settings=settings, quick=quick, progress=progress)
    current = window(store, cutoff, [horizon_days])
    forecasts = {"model": model.predict(current.features, cutoff.day, horizon_days)}
    if progress:
        progress("baselines")
    forecasts |= baseline_forecasts(store, current, horizon_days, formula)
    purchases = None
    table = None
    if horizon_days in current.purchases:
        purchases = pd.Series(current.purchases[horizon_days], current.features.index, name="purchases")
        table = measures(purchases, forecasts)
    rule = score(current.features, formula)["loyalty_score"]
    return Backtest(current.features, rule, forecasts, purchases, table, model)


def baseline_forecasts(
    store: EventStore, current: Window, horizon_days: int, formula: Formula
) -> dict[str, pd.DataFrame]:
    """Return forecasts of the naive rules, the rule score and the buy-till-you-die models for a window's customers.

    Those that learn do so from the latest earlier window that was over at the window's date. It is as long as the
    horizon, or half of the history where that is shorter.
    """
    cutoff = AsOf.at_midnight(current.day, store.timezone)
    past = activity(store, cutoff)
    past_days = max(1, min(horizon_days, (current.day - past.first_day) // 2))
    before = window(store, AsOf.at_midnight(current.day - past_days, store.timezone), [past_days], cutoff)
    learnable = len(before.features) > 0 and past_days in before.purchases
    naive: dict[str, Baseline] = {"zero": Zero(), "base_rate": BaseRate(), "own_rate": OwnRate()}
    naive["days_since_last_purchase"] = OneColumn(lambda X: X["days_since_last_purchase"], rising=False)
    naive["rule"] = OneColumn(lambda X: score(X, formula)["loyalty_score"], rising=True)
    out: dict[str, pd.DataFrame] = {}
    for name, baseline in naive.items():
        if learnable:
            baseline.fit(before.features, before.purchases[past_days], past_days)
            out[name] = _forecast(baseline, current.features, horizon_days)
    for name, kind in BUY_TILL_YOU_DIE.items():
        out[name] = _forecast(kind().fit(current.features), current.features, horizon_days)
    return out


def _forecast(model: Baseline | BaseEstimator, features: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "expected_purchases": np.asarray(model.expected_purchases(features, horizon_days)),
            "churn_probability": np.asarray(model.no_purchase_probability(features, horizon_days)),
        },
        index=features.index,
    )
