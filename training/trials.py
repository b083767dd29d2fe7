"""Forecasts of candidates, baselines and the champion at a past date, compared with the outcome."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import process_time

import numpy as np
import pandas as pd

from features.as_of import AsOf
from features.errors import ModelError, TooLittleDataError
from features.loyalty.formula import Formula
from features.store.event_store import EventStore
from training.baseline_forecasts import baseline_forecasts
from training.evaluation.evaluation import measures, measures_by, segment
from training.fit import StepProgress, sampled_store
from training.models.bundle import CHAMPION
from training.models.customer_model import CustomerModel
from training.paired_losses import MEASURES
from training.settings import BASELINES, TrialSettings
from training.windows import activity, window

REFERENCE = "bg_nbd"
"""The forecast whose losses make those of several windows comparable."""
CHAMPION_RECIPE = "champion_recipe"
"""The row of the champion's recipe as fitted at the date of a trial, where the champion learnt from later days."""


@dataclass(frozen=True)
class Trial:
    """Forecasts at one date for one horizon, and the purchases that followed.

    Attributes
    ----------
    date : str
        ISO date.
    horizon_days : int
    features : pandas.DataFrame
        The feature table at the date; all else is indexed like it.
    purchases : pandas.Series of int
        Purchase occasions in the horizon.
    candidates, others : dict of str to pandas.DataFrame
        Forecasts of the candidates, and of the baselines and the champion.
    """

    date: str
    horizon_days: int
    features: pd.DataFrame
    purchases: pd.Series
    candidates: dict[str, pd.DataFrame]
    others: dict[str, pd.DataFrame]

    @property
    def champion_forecast(self) -> pd.DataFrame | None:
        """The champion's own forecast, or that of its recipe fitted at the date; None where neither takes part."""
        return self.others.get(CHAMPION, self.others.get(CHAMPION_RECIPE))

    @property
    def baselines(self) -> dict[str, pd.DataFrame]:
        """The forecasts of the baselines alone."""
        return {name: table for name, table in self.others.items() if name not in (CHAMPION, CHAMPION_RECIPE)}

    def measures(self, candidate: str, metrics: Sequence[str] = ()) -> pd.DataFrame:
        """Return the measures of one candidate, named `model`, and of all other forecasts."""
        return measures(self.purchases, {"model": self.candidates[candidate], **self.others}, metrics)

    def by_segment(self, candidate: str, metrics: Sequence[str] = ()) -> pd.DataFrame:
        """Return the measures of one candidate for each segment of customers, and how many `customers` are in it."""
        own = {"model": self.candidates[candidate]}
        return measures_by(self.purchases, own, segment(self.features), metrics).droplevel("forecast")

    def relative_loss(self, candidate: str) -> float:
        """Return the candidate's deviance and its log loss, each as a share of that of BG/NBD, added up.

        Without BG/NBD among the baselines the first of them takes its place.
        """
        reference = REFERENCE if REFERENCE in self.others else next(iter(self.others))
        forecasts = {"model": self.candidates[candidate], "reference": self.others[reference]}
        losses = measures(self.purchases, forecasts, MEASURES).to_numpy(float)
        return float((losses[0] / losses[1]).sum())


def trial_days(first_day: int, day: int, count: int, settings: TrialSettings = TrialSettings()) -> list[int]:
    """Return the days to try candidates at, oldest first, counted back from the end of the log (`day`).

    Raises TooLittleDataError when the log has no room for one trial with enough history before it.

    Examples
    --------
    >>> trial_days(first_day=0, day=1000, count=3)
    [730, 820, 910]
    """
    days = [day - settings.step_days * back for back in range(1, count + 1)]
    days = [start for start in days if start - first_day >= settings.least_history_days]
    if not days:
        needed = settings.least_history_days + settings.step_days
        raise TooLittleDataError(
            f"the log is {day - first_day} days long: a fit needs at least {needed}; wait for more, or lower "
            "least_history_days or step_days of [trials]"
        )
    return sorted(days)


def trial_starts(store: EventStore, end: AsOf, count: int, settings: TrialSettings) -> list[AsOf]:
    """Return the midnights to try candidates at, oldest first, of a fit to what is known at a midnight.

    Raises TooLittleDataError when nobody has bought by then, or the log is too short, see `trial_days`.
    """
    past = activity(store, end)
    if not past.new.any():
        raise TooLittleDataError(
            f"nobody in the log has bought before {end.date}: a fit learns from purchases; check the event types"
        )
    return [AsOf.at_midnight(day, store.timezone) for day in trial_days(past.first_day, end.day, count, settings)]


def run_trials(
    store: EventStore,
    start: AsOf,
    known_at: AsOf,
    candidates: Mapping[str, CustomerModel],
    champion: Mapping[str, CustomerModel],
    formula: Formula,
    *,
    baselines: Sequence[str] = BASELINES,
    settings: TrialSettings,
    seed: int,
    progress: StepProgress,
) -> list[Trial]:
    """Return a trial for each horizon at one date; `champion` is none or one model that learnt from nothing later.

    A champion that cannot forecast takes no part; a candidate that cannot raises ModelError.
    """
    date = str(start.date)
    judges = sampled_store(store, start, settings.max_customers, seed)
    outcome = window(judges, start, settings.horizons, known_at)
    trials = []
    for horizon_days in outcome.purchases:
        progress(f"trial at {date}: {horizon_days} days")
        others = baseline_forecasts(store, outcome, horizon_days, formula, baselines)
        for name, model in champion.items():
            try:
                others[name] = whole_forecast(CHAMPION, model, outcome.features, start.day, horizon_days)
            except ModelError as error:
                progress(f"the champion takes no part: {error}")
        forecasts = {
            name: whole_forecast(name, model, outcome.features, start.day, horizon_days)
            for name, model in candidates.items()
        }
        purchases = pd.Series(outcome.purchases[horizon_days], outcome.features.index, name="purchases")
        trials.append(Trial(date, horizon_days, outcome.features, purchases, forecasts, others))
    return trials


def best_candidate(trials: Sequence[Trial], candidates: Iterable[str]) -> str:
    """Return the candidate with the lowest losses over all trials, weighted equally; ties go to the first."""
    return min(candidates, key=lambda name: sum(trial.relative_loss(name) for trial in trials))


def whole_forecast(
    name: str, model: CustomerModel, features: pd.DataFrame, day: int, horizon_days: int
) -> pd.DataFrame:
    """Return a model's forecast for customers who have bought; raises ModelError unless it has one for each."""
    forecast = model.predict(features, day, horizon_days)
    if missing := int(forecast["expected_purchases"].isna().sum()):
        raise ModelError(
            f"the model {name} gives no possible forecast for {missing:,} of {len(features):,} customers over "
            f"{horizon_days} days: mend it, or leave it out of [candidates]"
        )
    return forecast


def measures_of_trials(trials: Sequence[Trial], candidate: str, metrics: Sequence[str] = ()) -> pd.DataFrame:
    """Return the measures of all trials, indexed by `date`, `horizon` (days) and forecast."""
    tables = {(trial.date, trial.horizon_days): trial.measures(candidate, metrics) for trial in trials}
    return pd.concat(tables, names=["date", "horizon"])


def milliseconds_per_customer(forecast: Callable[[], object], customers: int, repeats: int = 3) -> float:
    """Return the median processor time of a call, in milliseconds per customer; a first call is not counted."""
    forecast()
    seconds = []
    for _ in range(repeats):
        start = process_time()
        forecast()
        seconds.append(process_time() - start)
    return 1000 * float(np.median(seconds)) / customers
