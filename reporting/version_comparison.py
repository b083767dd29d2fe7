"""The forecasts of two registered versions, on the same customers at one date, and what came after it."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from features.as_of import AsOf, AsOfLike
from features.errors import InvalidArgumentError, ModelError, TooLittleDataError
from features.store.event_store import EventStore
from training.evaluation.evaluation import segment
from training.models.customer_model import CustomerModel
from training.registry.entities import ModelVersion
from training.registry.mlflow_client import Tracking
from training.registry.versions import load, version
from training.targets import log_end
from training.windows import midnight, window

SIDES = ("first", "second")


@dataclass(frozen=True)
class ComparedVersion:
    """A registered version and its model."""

    registered: ModelVersion
    model: CustomerModel

    @property
    def number(self) -> int:
        """The number in the registry."""
        return self.registered.number

    @property
    def data_until(self) -> str:
        """The ISO date that the events it learnt from end before."""
        return self.model.card.as_of


@dataclass(frozen=True)
class VersionComparison:
    """Two versions at one date; all frames and series have one index, `customer_id`, in one order.

    Attributes
    ----------
    cutoff : AsOf
        The midnight of the date.
    horizon_days : int
        Days from the cutoff on.
    log_end : AsOf
        The midnight after the log's last day.
    timezone : str
        The business time zone of the store.
    versions : dict of str to ComparedVersion
        `first` and `second`, in the order in which they were named.
    features : pandas.DataFrame
        The feature table at the cutoff, of customers for whom both versions have a forecast.
    segment : pandas.Series
        `new`, `one-time`, `repeat` or `lapsed`.
    forecasts : dict of str to pandas.DataFrame
        By side, what `CustomerModel.predict` returns.
    without_forecast : int
        Customers who had bought and for whom a version has no forecast.
    purchases : pandas.Series or None
        Purchase occasions in the horizon; None while it is not over.
    data_digest : str
        The digest of the store.
    """

    cutoff: AsOf
    horizon_days: int
    log_end: AsOf
    timezone: str
    versions: dict[str, ComparedVersion]
    features: pd.DataFrame
    segment: pd.Series
    forecasts: dict[str, pd.DataFrame]
    without_forecast: int
    purchases: pd.Series | None
    data_digest: str

    @property
    def as_of(self) -> str:
        """The date of the cutoff, in ISO format."""
        return str(self.cutoff.date)

    @property
    def informed(self) -> list[str]:
        """The sides that learnt from events after the cutoff, which no outcome can judge."""
        return [side for side in SIDES if self.versions[side].data_until > self.as_of]

    @property
    def measured(self) -> list[str]:
        """The sides that the outcome can judge; none while the horizon is not over."""
        return [] if self.purchases is None else [side for side in SIDES if side not in self.informed]

    @property
    def measurable_at(self) -> tuple[date, int] | None:
        """The first date and the longest horizon up to this one at which the log judges both versions, if any."""
        latest = AsOf.parse(max(each.data_until for each in self.versions.values()), self.timezone)
        days = min(self.horizon_days, self.log_end.day - latest.day)
        return (latest.date, days) if days > 0 else None


def compare_versions(
    store: EventStore, tracking: Tracking, numbers: tuple[int, int], as_of: AsOfLike | None, horizon_days: int
) -> VersionComparison:
    """Return the forecasts of two versions at one date.

    Parameters
    ----------
    store : EventStore
        The event log.
    tracking : Tracking
        Where the versions are registered.
    numbers : tuple of int
        The numbers of the first and the second version.
    as_of : AsOf, str, datetime.date, datetime.datetime or None
        The date, from its midnight on; None is the day after the log's last.
    horizon_days : int
        Days from the date on.

    Returns
    -------
    VersionComparison

    Raises
    ------
    InvalidArgumentError
        When both numbers are the same, or there is no such version.
    ModelError
        When a version cannot be loaded, or not be used on this log.
    TooLittleDataError
        When nobody had bought before the date, or nobody has a forecast by both.
    """
    if numbers[0] == numbers[1]:
        raise InvalidArgumentError(f"both versions are {numbers[0]}: name two different ones")
    versions = {side: _loaded(store, tracking, number) for side, number in zip(SIDES, numbers, strict=True)}
    end = log_end(store)
    cutoff = midnight(store, end if as_of is None else as_of)
    known = window(store, cutoff, [horizon_days])
    if known.features.empty:
        raise TooLittleDataError(f"no customer had bought before {cutoff.date}: give a later --as-of, or another log")
    forecasts = {side: each.model.predict(known.features, cutoff.day, horizon_days) for side, each in versions.items()}
    possible = pd.concat([each["expected_purchases"] for each in forecasts.values()], axis=1).notna().all(axis=1)
    if not possible.any():
        raise TooLittleDataError(f"no customer has a forecast by both versions at {cutoff.date}: give another --as-of")
    features = known.features[possible]
    purchases = None
    if horizon_days in known.purchases:
        purchases = pd.Series(known.purchases[horizon_days][possible], features.index, name="purchases")
    return VersionComparison(
        cutoff=cutoff,
        horizon_days=horizon_days,
        log_end=end,
        timezone=store.timezone,
        versions=versions,
        features=features,
        segment=segment(features),
        forecasts={side: forecast[possible] for side, forecast in forecasts.items()},
        without_forecast=int((~possible).sum()),
        purchases=purchases,
        data_digest=str(store.manifest["digest"]),
    )


def _loaded(store: EventStore, tracking: Tracking, number: int) -> ComparedVersion:
    registered = version(tracking, number)
    if registered is None:
        raise InvalidArgumentError(f"there is no version {number}: `regulars versions` lists those that there are")
    try:
        model = load(tracking, registered)
        model.card.require_rating_scale(store.rating_maximum)
    except ModelError as error:
        raise ModelError(f"version {number}: {error}") from error
    if model.card.timezone != store.timezone:
        raise ModelError(
            f"version {number} counts days in {model.card.timezone}, the store in {store.timezone}: "
            "compare it on a store of its own time zone"
        )
    return ComparedVersion(registered, model)
