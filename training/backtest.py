"""The backtest: learn from events before a date only, forecast the horizon after it, and measure it once it is over."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd
from sklearn.base import clone

from features.as_of import AsOf, AsOfLike
from features.errors import ModelError, TooLittleDataError
from features.loyalty.formula import Formula
from features.loyalty.scoring import drop_unpriced_parts, score
from features.store.event_store import EventStore
from training.baseline_forecasts import baseline_forecasts
from training.candidate_choice import CandidateFits
from training.evaluation.evaluation import measures, measures_by, segment
from training.evaluation.skill import tidy_measures
from training.fit import StepProgress, fit_customer_model
from training.models.customer_model import CustomerModel
from training.models.forecaster import Forecaster
from training.settings import CandidateSettings, FitSettings, TrialSettings
from training.windows import midnight, window

TIDY = {
    **{"date": "object", "horizon_days": "int64", "customers": "int64"},
    **{"model": "str", "recipe": "str", "metric": "str"},
    **{"value": "float64", "low": "float64", "high": "float64"},
}
"""The columns of `Backtest.tidy_measures`, and their types in pandas."""


@dataclass(frozen=True)
class Backtest:
    """Forecasts at a date, and how good they were.

    Attributes
    ----------
    as_of : str
        ISO date; only events before its midnight were learnt from.
    horizon_days : int
    features : pandas.DataFrame
        The feature table at the date, a row for each customer who had bought; all else is indexed like it.
    loyalty_score : pandas.Series
        The rule's score, 0 to 100; NaN without data.
    forecasts : dict of str to pandas.DataFrame
        `expected_purchases` and `churn_probability` of `model` and of each baseline; of the model `low` and `high` too.
    purchases : pandas.Series or None
        Purchase occasions in the horizon; None while it is not over.
    measures : pandas.DataFrame or None
        A row for each forecast, a column for each measure; None while the horizon is not over.
    by_segment : pandas.DataFrame or None
        The model's measures for each segment of customers, and how many `customers` are in it.
    model : CustomerModel
        Its `card.model` is the name of the candidate.
    """

    as_of: str
    horizon_days: int
    features: pd.DataFrame
    loyalty_score: pd.Series
    forecasts: dict[str, pd.DataFrame]
    purchases: pd.Series | None
    measures: pd.DataFrame | None
    by_segment: pd.DataFrame | None
    model: CustomerModel

    def table(self) -> pd.DataFrame:
        """Return score and forecasts side by side.

        Returns
        -------
        pandas.DataFrame, shape (n, columns)
            `loyalty_score`; of the model `expected_purchases`, `churn_probability`, `low` and `high`; for each baseline
            its name with its expected purchases, and `<name>_churn_probability`.
        """
        model = self.forecasts["model"]
        named = ("expected_purchases", "churn_probability", "low", "high")
        columns = {"loyalty_score": self.loyalty_score, **{name: model[name] for name in named}}
        for name, forecast in self.forecasts.items():
            if name != "model":
                columns[name] = forecast["expected_purchases"]
                columns[f"{name}_churn_probability"] = forecast["churn_probability"]
        return pd.DataFrame(columns)

    def tidy_measures(self, metrics: Sequence[str] = ()) -> pd.DataFrame:
        """Return the measures with intervals, a row for each forecast and metric; none while the horizon is not over.

        Returns
        -------
        pandas.DataFrame
            `date`, `horizon_days`, `customers`, `model` (`model`, or the name of a baseline), `recipe` (name of
            the fitted model; null for baselines), and the columns of `training.evaluation.skill.tidy_measures`.
        """
        if self.purchases is None:
            return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in TIDY.items()})
        table = tidy_measures(self.purchases, self.forecasts, metrics).assign(
            date=date.fromisoformat(self.as_of), horizon_days=self.horizon_days, customers=len(self.features)
        )
        table["recipe"] = table["model"].map({"model": self.model.card.model or "unnamed"})
        return table[list(TIDY)]


def backtest(
    store: EventStore,
    as_of: AsOfLike,
    horizon_days: int,
    formula: Formula,
    *,
    model: str | Forecaster | CustomerModel | None = None,
    candidates: CandidateSettings = CandidateSettings(),
    settings: FitSettings = FitSettings(),
    trials: TrialSettings = TrialSettings(),
    quick: bool = False,
    progress: StepProgress | None = None,
) -> Backtest:
    """Forecast every customer who had bought by a date, with every baseline beside the model.

    Parameters
    ----------
    store : EventStore
    as_of : AsOf, str, datetime.date or datetime.datetime
        Only events before its midnight are learnt from.
    horizon_days : int
        Days to forecast, from that midnight on.
    formula : Formula
        The loyalty formula; its score is one of the baselines.
    model : str, Forecaster or CustomerModel, optional
        The model of purchases to fit: a name in `training.models.catalog.MODELS`, or an unfitted model. Without it the
        candidate that a fit at the date would choose, by trials before it. A `CustomerModel` forecasts as it is, and
        must not have learnt from the date or later.
    candidates : CandidateSettings
        The candidates to choose from, and the baselines.
    settings : FitSettings
        What a fit learns from.
    trials : TrialSettings
        The trials that choose, and the metrics to report.
    quick : bool
        Learn from fewer customers; without `model` take the first candidate.
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
        When a model fails, breaks a law, or has learnt from the date or later.
    """
    done = backtests(
        store,
        [as_of],
        [horizon_days],
        formula,
        model=model,
        candidates=candidates,
        settings=settings,
        trials=trials,
        quick=quick,
        progress=progress,
    )
    return next(done)


def backtests(
    store: EventStore,
    dates: Sequence[AsOfLike],
    horizons: Sequence[int],
    formula: Formula,
    *,
    model: str | Forecaster | CustomerModel | None = None,
    candidates: CandidateSettings = CandidateSettings(),
    settings: FitSettings = FitSettings(),
    trials: TrialSettings = TrialSettings(),
    quick: bool = False,
    progress: StepProgress | None = None,
) -> Iterator[Backtest]:
    """Yield a backtest for each date and, within a date, each horizon; arguments as of `backtest`.

    A date is fitted once for all horizons. Each backtest holds tables of all customers: keep what you need of it.
    """
    report = progress or (lambda step: None)
    cutoffs = [midnight(store, day) for day in dates]
    if isinstance(model, CustomerModel):
        _require_known_by(model, cutoffs, store)
    fits = CandidateFits(store, formula, candidates, settings, trials, quick=quick, progress=progress)

    def model_at(cutoff: AsOf) -> CustomerModel:
        if isinstance(model, CustomerModel):
            return model
        if model is None:
            return fits.best_at(cutoff)
        unfitted = model if isinstance(model, str) else clone(model)  # a fit changes it, and each date needs its own
        return fit_customer_model(
            store, cutoff, formula, model=unfitted, settings=settings, quick=quick, progress=progress
        )

    for cutoff in cutoffs:
        current = window(store, cutoff, horizons)
        if current.features.empty:
            raise TooLittleDataError(f"nobody in the log has bought before {cutoff.date}: give a later --as-of")
        fitted, rule = model_at(cutoff), drop_unpriced_parts(store, formula, cutoff)
        loyalty = score(current.features, rule)["loyalty_score"]
        for horizon_days in horizons:
            report(f"forecasts of {fitted.card.model} and the baselines: {horizon_days} days from {cutoff.date}")
            forecasts = {"model": fitted.predict(current.features, cutoff.day, horizon_days)}
            if missing := int(forecasts["model"]["expected_purchases"].isna().sum()):
                raise ModelError(
                    f"the model {fitted.card.model} gives no possible forecast for {missing:,} customers: mend it"
                )
            forecasts |= baseline_forecasts(store, current, horizon_days, rule, candidates.baselines)
            purchases, table, by_segment = None, None, None
            if horizon_days in current.purchases:
                purchases = pd.Series(current.purchases[horizon_days], current.features.index, name="purchases")
                table = measures(purchases, forecasts, trials.metrics)
                own = {"model": forecasts["model"]}
                by_segment = measures_by(purchases, own, segment(current.features), trials.metrics).droplevel(
                    "forecast"
                )
            yield Backtest(
                str(cutoff.date),
                horizon_days,
                current.features,
                loyalty,
                forecasts,
                purchases,
                table,
                by_segment,
                fitted,
            )


def _require_known_by(model: CustomerModel, cutoffs: Sequence[AsOf], store: EventStore) -> None:
    """Raise ModelError where a fitted model knows events of a cutoff or later, or counts other days or ratings."""
    card = model.card
    if early := [str(cutoff.date) for cutoff in cutoffs if str(cutoff.date) < card.as_of]:
        raise ModelError(
            f"the version learnt from events before {card.as_of}, so it gives no forecast at {', '.join(early)}: give "
            f"dates from {card.as_of} on, or --model {card.model or 'standard'} to fit its recipe at each date"
        )
    if card.timezone != store.timezone:
        raise ModelError(
            f"the version counts days in {card.timezone}, the log in {store.timezone}: ingest the log with that zone"
        )
    card.require_rating_scale(store.rating_maximum)
