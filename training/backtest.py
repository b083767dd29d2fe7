"""The backtest: learn from events before a date only, forecast the horizon after it, and measure where it is over."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from features.as_of import AsOf, AsOfLike, day_date
from features.loyalty.formula import Formula
from features.loyalty.scoring import drop_unpriced_parts, score
from features.store.event_store import EventStore
from training.evaluation.evaluation import measures
from training.fit import fit_customer_model
from training.models.baselines import Baseline, BaseRate, OneColumn, OwnRate, Zero
from training.models.btyd.bg_nbd import BGNBD
from training.models.btyd.mbg_nbd import MBGNBD
from training.models.btyd.pareto_nbd import ParetoNBD
from training.models.customer_model import CustomerModel
from training.models.window import Window
from training.windows import activity, window

BUY_TILL_YOU_DIE: dict[str, type[BaseEstimator]] = {"bg_nbd": BGNBD, "mbg_nbd": MBGNBD, "pareto_nbd": ParetoNBD}


@dataclass(frozen=True)
class Backtest:
    """What was forecast for the customers of `features`, what came (None while the horizon is not over), how good."""

    features: pd.DataFrame
    loyalty_score: pd.Series
    forecasts: dict[str, pd.DataFrame]
    purchases: pd.Series | None
    measures: pd.DataFrame | None
    model: CustomerModel

    def table(self) -> pd.DataFrame:
        """Return the forecasts side by side: customer_id, rule score, the model's, a column of counts a baseline."""
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
    horizon: int,
    formula: Formula,
    quick: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Backtest:
    """Fit at `as_of`, forecast `horizon` days for every customer who had bought by then, beside every baseline."""
    say = progress or (lambda step: None)
    formula = drop_unpriced_parts(store, formula)
    day = AsOf.parse(as_of, store.timezone).day
    model = fit_customer_model(store, as_of, formula, quick=quick, progress=progress)
    now = window(store, day, [horizon])
    forecasts = {"model": model.predict(now.features, day, horizon)}
    say("baselines")
    forecasts |= baseline_forecasts(store, now, horizon, formula)
    purchases = None
    table = None
    if horizon in now.purchases:
        purchases = pd.Series(now.purchases[horizon], now.features.index, name="purchases")
        table = measures(purchases, forecasts)
    rule = score(now.features, formula)["loyalty_score"]
    return Backtest(now.features, rule, forecasts, purchases, table, model)


def baseline_forecasts(store: EventStore, now: Window, horizon: int, formula: Formula) -> dict[str, pd.DataFrame]:
    """Return what the naive rules, the rule score and the buy-till-you-die models say of the customers of `now`.

    What must be learnt is learnt from the latest earlier window that was over by then: as long as the horizon, or half
    of the history where that is shorter.
    """
    past = activity(store, now.day)
    reach = max(1, min(horizon, (now.day - past.first_day) // 2))
    before = window(store, now.day - reach, [reach], day_date(now.day))
    learnable = len(before.features) > 0 and reach in before.purchases
    naive: dict[str, Baseline] = {"zero": Zero(), "base_rate": BaseRate(), "own_rate": OwnRate()}
    naive["days_since_last_purchase"] = OneColumn(lambda X: X["days_since_last_purchase"], rising=False)
    naive["rule"] = OneColumn(lambda X: score(X, formula)["loyalty_score"], rising=True)
    out: dict[str, pd.DataFrame] = {}
    for name, baseline in naive.items():
        if learnable:
            baseline.fit(before.features, before.purchases[reach], reach)
            out[name] = _forecast(baseline, now.features, horizon)
    for name, kind in BUY_TILL_YOU_DIE.items():
        out[name] = _forecast(kind().fit(now.features), now.features, horizon)
    return out


def _forecast(model: Baseline | BaseEstimator, features: pd.DataFrame, horizon: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "expected_purchases": np.asarray(model.expected_purchases(features, horizon)),
            "churn_probability": np.asarray(model.no_purchase_probability(features, horizon)),
        },
        index=features.index,
    )
