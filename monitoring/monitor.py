"""One look at a store and its champion: everything that `regulars monitor` shows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from features.as_of import AsOf, AsOfLike
from features.errors import InvalidArgumentError
from features.store.event_store import EventStore
from features.store.log_dates import first_day
from monitoring.challenger import ChallengerComparison, compare_challenger
from monitoring.column_drift import ColumnDrift, column_drift
from monitoring.intake import Intake, intake
from monitoring.logged_forecasts import LoggedForecasts, logged_forecasts
from monitoring.matured_windows import MaturedWindows, matured_windows
from monitoring.recommendation import Recommendation, recommendation
from monitoring.weekly_forecasts import WeeklyForecasts, weekly_forecasts
from serving.forecast_log.pseudonyms import PseudonymKeys
from training.models.customer_model import CustomerModel
from training.targets import log_end

SHORT_HORIZON = 28
"""Measured beside the horizons that the model learnt from: its windows are over first."""


@dataclass(frozen=True)
class Look:
    """What a look found.

    Attributes
    ----------
    as_of : AsOf
    customers, events : int
    version : str or None
        The champion's version.
    fitted : str or None
        The cutoff of its fit.
    budget : float
    intake : Intake
    columns : ColumnDrift or None
    weekly : WeeklyForecasts or None
        Of the champion, or with a forecast log of all that were in service.
    logged : LoggedForecasts or None
    matured : MaturedWindows or None
    challenger : ChallengerComparison or None
        With a forecast log in which a version runs in shadow or as a canary.
    recommendation : Recommendation
    """

    as_of: AsOf
    customers: int
    events: int
    version: str | None
    fitted: str | None
    budget: float
    intake: Intake
    columns: ColumnDrift | None
    weekly: WeeklyForecasts | None
    logged: LoggedForecasts | None
    matured: MaturedWindows | None
    challenger: ChallengerComparison | None
    recommendation: Recommendation


def look_at(
    store: EventStore,
    champion: tuple[CustomerModel, str] | None,
    as_of: AsOfLike | None = None,
    *,
    forecast_log: tuple[Path, PseudonymKeys] | None = None,
    horizons: Sequence[int] = (),
    budget: float = 0.05,
    progress: Callable[[str], None] = lambda step: None,
    seed: int = 0,
) -> Look:
    """Look at the intake, the columns and the forecasts of a store.

    Parameters
    ----------
    store : EventStore
    champion : (CustomerModel, str), optional
        The model in service and its version. Without one the intake and the columns are looked at.
    as_of : AsOf, str, datetime.date or datetime.datetime, optional
        The moment of looking, whose midnight counts; without it the end of the log.
    forecast_log : (Path, PseudonymKeys), optional
        The log of the service and the keys of its pseudonyms. With it the 7-day forecasts are those that were logged,
        else those that the champion would have made.
    horizons : sequence of int
        Those to measure, in days; without any those of the model, and `SHORT_HORIZON`.
    budget : float
        The chance of a false alarm: of the intake and of the columns in one look, of the forecasts in two years of
        weekly looks.
    progress : callable, optional
        Called with the name of each step.
    seed : int

    Returns
    -------
    Look

    Raises
    ------
    AsOfError
        When `as_of` is not a date or time.
    InvalidArgumentError
        When no event is before it.
    ForecastLogError
        When the log cannot be used.
    """
    moment = log_end(store) if as_of is None else AsOf.parse(as_of, store.timezone)
    moment = AsOf.at_midnight(moment.day, store.timezone)
    first = first_day(store)
    if first is not None and moment.day <= first:
        begins = AsOf.at_midnight(first, store.timezone).date
        raise InvalidArgumentError(f"no event is before {moment.date}, the log begins on {begins}: give a later date")
    progress("intake")
    came_in = intake(store, moment, budget)
    progress("columns")
    columns = column_drift(store, moment, budget, seed=seed)
    weekly = logged = matured = challenger = None
    if forecast_log is not None:
        progress("logged forecasts")
        logged = logged_forecasts(store, *forecast_log, moment, budget, seed=seed)
        weekly = logged.weekly
        challenger = compare_challenger(store, *forecast_log, moment, logged.days)
    if champion is not None:
        model = champion[0]
        if logged is None:
            progress("weekly forecasts")
            weekly = weekly_forecasts(store, model, moment, budget, seed=seed)
        progress("matured windows")
        chosen = sorted({*(horizons or (SHORT_HORIZON, *model.card.horizons))})
        matured = matured_windows(store, model, moment, chosen, seed=seed)
    return Look(
        moment,
        store.n_customers,
        store.n_events,
        champion[1] if champion else None,
        champion[0].card.as_of if champion else None,
        budget,
        came_in,
        columns,
        weekly,
        logged,
        matured,
        challenger,
        recommendation(came_in, columns, weekly, matured),
    )
