"""Recalibration without a refit: the level of counts and of churn follow the window that matured last.

Two numbers of the model of purchases change, its level and the offset of -log P(no purchase). Counts, interval and
churn stay forecasts of one distribution, so every law of the forecasts holds in every horizon, and the compiled form
too.
"""

import copy
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq

from features.as_of import AsOf, AsOfLike
from features.engines.feature_table import feature_table
from features.errors import InvalidArgumentError, ModelError, TooLittleDataError
from features.store.event_store import EventStore
from training.fit import sample_customers
from training.gate import Verdict, gate
from training.models.bundle import CHALLENGER, CHAMPION, REGISTERED_NAME
from training.models.compiled.compiled_model import CompiledModel
from training.models.customer_model import CustomerModel
from training.models.purchases.model import PurchaseModel
from training.paired_losses import paired_losses
from training.promote import record_verdict
from training.registry.entities import CANDIDATE, ModelVersion
from training.registry.mlflow_client import Tracking
from training.registry.model_format import log_model
from training.registry.runs import describe, log_params, log_tags, start_run
from training.registry.versions import load, register, version
from training.settings import GateLimits
from training.targets import horizon_is_over, log_end, targets
from training.trials import milliseconds_per_customer

Floats = NDArray[np.float64]

RECALIBRATED_FROM = "recalibrated_from"
"""The tag of a version with the number of the version that it was made of."""
SHARE_OF_COUNTS = 0.5
"""How much of the log ratio of counts is followed: all of it harms where it was noise."""
LIMIT = 2.0
"""No factor beyond exp(2) is learnt from one window."""
LEAST_BUYERS = 50
CUSTOMERS = 50_000


@dataclass(frozen=True)
class Shift:
    """The logarithms by which expected counts and -log P(no purchase) are multiplied."""

    count: float
    none: float


@dataclass(frozen=True)
class Window:
    """Customers who had bought by a date, and their purchase days in the horizon from it on."""

    start: AsOf
    horizon_days: int
    features: pd.DataFrame
    purchases: pd.Series


@dataclass(frozen=True)
class Recalibration:
    """A recalibrated version.

    Attributes
    ----------
    version : ModelVersion
        The challenger, or where the gate refuses it a version without an alias.
    shift : Shift
        Learnt on the window that matured last.
    tried : Shift
        Learnt on the window before, and tried on the last one.
    verdict : Verdict
        The gate's on that trial.
    windows : tuple of str
        The first days of the window before and of the last one.
    """

    version: ModelVersion
    shift: Shift
    tried: Shift
    verdict: Verdict
    windows: tuple[str, str]


def recalibrate(
    store: EventStore,
    tracking: Tracking,
    horizon_days: int | None = None,
    *,
    as_of: AsOfLike | None = None,
    limits: GateLimits = GateLimits(),
    seed: int = 0,
) -> Recalibration:
    """Recalibrate the champion, and register the result with the gate's verdict: as challenger if it passes.

    The shift of the last window but one is tried on the last one, against the champion as it is: both losses must be
    lower beyond doubt. What is registered has the shift of the last window.

    Parameters
    ----------
    store : EventStore
    tracking : Tracking
    horizon_days : int, optional
        The horizon of both windows; without it the shortest that the champion learnt from, of at least 28 days.
    as_of : AsOf, str, datetime.date or datetime.datetime, optional
        A past moment: nothing that happened or was recorded after its midnight counts.
    limits : GateLimits
    seed : int

    Returns
    -------
    Recalibration

    Raises
    ------
    ModelError
        When there is no champion, or it is of a kind that cannot be recalibrated.
    InvalidArgumentError
        When `as_of` is after the end of the log.
    TooLittleDataError
        When too few customers bought in either window.
    """
    champion = version(tracking, CHAMPION)
    if champion is None:
        raise ModelError(f"there is no champion in {tracking.place}: `regulars promote` makes one")
    model = load(tracking, champion)
    last_end = log_end(store)
    end = last_end if as_of is None else AsOf.at_midnight(AsOf.parse(as_of, store.timezone).day, store.timezone)
    if end.day > last_end.day:  # purchases that are not in the log yet would count as none
        raise InvalidArgumentError(
            f"as_of is {end.date}, expected {last_end.date}, the end of the log, or earlier: or append later events"
        )
    days = horizon_days or min((each for each in model.card.horizons if each >= 28), default=28)
    before, last = (window_at(store, end.day - times * days, days, end, seed) for times in (2, 1))
    shift = shift_of(model, last)
    tried, verdict = trial(model, before, last, champion.number, limits)
    made = shifted(model, shift)
    made = replace(made, card=replace(made.card, as_of=str(end.date)))
    facts: dict[str, object] = {
        RECALIBRATED_FROM: champion.number,
        "horizon_days": days,
        "windows": [str(before.start.date), str(last.start.date)],
        "log_count_factor": shift.count,
        "log_hazard_factor": shift.none,
    }
    tags = {
        RECALIBRATED_FROM: str(champion.number),
        CANDIDATE: champion.candidate or "",
        "gate": "passed" if verdict.passed else "refused",
        "data_until": str(end.date),
    }
    about = (
        f"Version {champion.number} recalibrated on the {days} days from {last.start.date}: expected purchases times "
        f"{np.exp(shift.count):.3f}, -log P(no purchase) times {np.exp(shift.none):.3f}."
    )
    with start_run(tracking, f"recalibrate {end.date}", facts) as run:
        log_params(run, {CANDIDATE: tags[CANDIDATE]})
        log_tags(run, tags)
        describe(run, about)
        record_verdict(run, verdict)
        logged = log_model(run, made, REGISTERED_NAME)
        alias = CHALLENGER if verdict.passed else None  # a refused one takes no other challenger's place
        registered = register(run, made, alias, tags, about, logged)
    return Recalibration(registered, shift, tried, verdict, (str(before.start.date), str(last.start.date)))


def trial(
    model: CustomerModel, before: Window, last: Window, champion: int | None = None, limits: GateLimits = GateLimits()
) -> tuple[Shift, Verdict]:
    """Return the shift of the window before, and the gate's verdict on it in the last window.

    Parameters
    ----------
    model : CustomerModel
        The champion as it is.
    before, last : Window
        Of the same horizon; the first is over when the other begins.
    champion : int, optional
        Its number, for the verdict.
    limits : GateLimits
    """
    tried = shift_of(model, before)
    models = {CHALLENGER: shifted(model, tried), CHAMPION: model}

    def forecast(name: str) -> pd.DataFrame:
        return models[name].predict(last.features, last.start.day, last.horizon_days)

    forecasts = {name: forecast(name) for name in models}
    paired = paired_losses(str(last.start.date), last.horizon_days, last.purchases, forecasts)
    speed = milliseconds_per_customer(lambda: forecast(CHALLENGER), len(last.features))
    possible = CompiledModel.is_possible(model)
    columns = model.card.feature_columns
    return tried, gate(paired, speed, columns, champion=champion, compiled=possible, limits=limits)


def window_at(store: EventStore, day: int, horizon_days: int, known_at: AsOf, seed: int = 0) -> Window:
    """Return a window that is over, of at most `CUSTOMERS` customers.

    Parameters
    ----------
    store : EventStore
    day : int
        Its first day, since 1970.
    horizon_days : int
    known_at : AsOf
    seed : int

    Raises
    ------
    TooLittleDataError
        When fewer than `LEAST_BUYERS` customers bought in it, or it is not over.
    """
    start = AsOf.at_midnight(day, store.timezone)
    features = feature_table(store, start, sample_customers(store, start, CUSTOMERS, seed))
    features = features[features["purchase_days"] > 0]
    bought = 0
    if horizon_is_over(store, start, horizon_days, known_at) and len(features):
        purchases = targets(store, start, [horizon_days], known_at)[f"purchases_{horizon_days}"].loc[features.index]
        bought = int((purchases > 0).sum())
    if bought < LEAST_BUYERS:
        raise TooLittleDataError(
            f"{bought} customers bought in the {horizon_days} days from {start.date}, expected {LEAST_BUYERS}: take "
            "another --horizon-days, or append later events"
        )
    return Window(start, horizon_days, features, purchases)


def shift_of(model: CustomerModel, window: Window) -> Shift:
    """Return the shift that a window asks for: half the log ratio of counts, and the likeliest factor of the hazard.

    Parameters
    ----------
    model : CustomerModel
    window : Window
    """
    forecast = model.predict(window.features, window.start.day, window.horizon_days)
    ratio = float(np.log(window.purchases.sum() / forecast["expected_purchases"].sum()))
    hazard = -np.log(np.clip(forecast["churn_probability"].to_numpy(float), 1e-12, 1 - 1e-12))
    none = hazard_factor(hazard, (window.purchases == 0).to_numpy())
    return Shift(float(np.clip(SHARE_OF_COUNTS * ratio, -LIMIT, LIMIT)), none)


def hazard_factor(hazard: Floats, churned: NDArray[np.bool_]) -> float:
    """Return the log factor of -log P(no purchase) that makes the outcomes likeliest, within `LIMIT`.

    Parameters
    ----------
    hazard : numpy.ndarray of float, shape (n,)
        -log P(no purchase), above 0.
    churned : numpy.ndarray of bool, shape (n,)

    Examples
    --------
    >>> float(round(hazard_factor(np.full(4, 0.5), np.array([True, True, False, False])), 3))
    0.327
    """

    def slope(shift: float) -> float:
        total = hazard * np.exp(shift)
        return float(np.sum(np.where(churned, -total, total / np.expm1(total))))

    if slope(-LIMIT) < 0:
        return -LIMIT
    if slope(LIMIT) > 0:
        return LIMIT
    return float(brentq(slope, -LIMIT, LIMIT, xtol=1e-9))


def shifted(model: CustomerModel, shift: Shift) -> CustomerModel:
    """Return a model whose counts and hazard are multiplied; the other one stays as it is.

    Parameters
    ----------
    model : CustomerModel
    shift : Shift

    Raises
    ------
    ModelError
        When the model of purchases has no level and offset to change.
    """
    if type(model.purchases) is not PurchaseModel:
        raise ModelError(
            f"a {type(model.purchases).__name__} has no level that could be recalibrated: fit anew with `regulars fit`"
        )
    if not (np.isfinite(shift.count) and np.isfinite(shift.none)):
        raise InvalidArgumentError(f"the shift is {shift}: expected two finite numbers")
    purchases = copy.copy(model.purchases)
    purchases.level_ = model.purchases.level_ + shift.count
    adjustments = model.purchases.adjustments_
    offset = adjustments.no_purchase_offset + shift.none - shift.count
    purchases.adjustments_ = replace(adjustments, no_purchase_offset=offset)
    return replace(model, purchases=purchases)
