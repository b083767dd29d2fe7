"""Fitting a version: from a store and a date to a customer model, using only what was known by then."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf, AsOfLike
from features.definitions import FEATURE_NAMES
from features.engines.feature_table import known_customers
from features.errors import TooLittleDataError
from features.loyalty.formula import Formula
from features.loyalty.scoring import drop_unpriced_parts
from features.plugins import plugin_packages
from features.schema import WORDS
from features.store.chosen_customers import events_of_customers
from features.store.event_store import EventStore
from training.candidates import TrainingData, fit_model
from training.models.bundle import LIBRARIES, Card
from training.models.catalog import new_model, required_packages
from training.models.count_intervals import CountIntervals, at_cutoff, spread_sample
from training.models.customer_model import CustomerModel
from training.models.forecaster import Forecaster, require_lawful
from training.models.purchases.constants import INTERVAL_HORIZONS
from training.models.purchases.level_calibration import YEAR_AGO_DAYS
from training.models.spend.model import SpendModel
from training.models.window import Window
from training.settings import FitSettings
from training.windows import activity, midnight, purchase_days, window, window_plan

HELD_OUT = 0.75
"""The windows that start after this quantile of all starts choose the kind of spend model."""

StepProgress = Callable[[str], None]
"""Called with the name of each step as it begins."""


def fit_customer_model(
    store: EventStore,
    as_of: AsOfLike,
    formula: Formula,
    *,
    model: str | Forecaster = "standard",
    settings: FitSettings = FitSettings(),
    seed: int = 0,
    quick: bool = False,
    progress: StepProgress | None = None,
) -> CustomerModel:
    """Fit the models of purchases, churn and spend to the events known at the midnight of `as_of`.

    Parameters
    ----------
    store : EventStore
    as_of : AsOf, str, datetime.date or datetime.datetime
        Nothing at or after its midnight, in the store's time zone, has an influence.
    formula : Formula
        The loyalty formula that the version carries.
    model : str or Forecaster
        The model of purchases and churn: a name in `training.models.catalog.MODELS`, or an unfitted model.
    settings : FitSettings
    seed : int
        Of the draw of customers and of the spend model.
    quick : bool
        Learn from fewer customers, see `FitSettings`.
    progress : callable, optional
        Called with the name of each step as it begins.

    Returns
    -------
    CustomerModel

    Raises
    ------
    TooLittleDataError
        When nobody has bought by then.
    ModelError
        When the model fails, or its forecasts break a law.
    """
    name = model if isinstance(model, str) else type(model).__name__
    candidates = (model,) if isinstance(model, str) else {name: model}
    models = fit_candidates(
        store, as_of, formula, candidates, settings=settings, seed=seed, quick=quick, progress=progress
    )
    return models[name]


def fit_candidates(
    store: EventStore,
    as_of: AsOfLike,
    formula: Formula,
    candidates: Iterable[str] | Mapping[str, Forecaster],
    *,
    settings: FitSettings = FitSettings(),
    seed: int = 0,
    quick: bool = False,
    progress: StepProgress | None = None,
) -> dict[str, CustomerModel]:
    """Fit each candidate, by name, as `fit_customer_model` does; they share the features and the model of spend.

    `candidates` are names in `training.models.catalog.MODELS`, or unfitted models by names of one's own.
    """
    report = progress or (lambda step: None)
    cutoff = midnight(store, as_of)
    formula = drop_unpriced_parts(store, formula, cutoff)
    if isinstance(candidates, Mapping):
        unfitted = dict(candidates)
    else:
        unfitted = {name: new_model(name, formula) for name in candidates}
    limit = settings.quick_max_customers if quick else settings.max_customers
    sampled = sampled_store(store, cutoff, limit, seed)
    report(f"features at {cutoff.date}")
    current = window(sampled, cutoff, [], cutoff)
    if current.features.empty:
        raise TooLittleDataError(f"nobody in the log has bought before {cutoff.date}: give a later --as-of")
    past = activity(sampled, cutoff)
    earlier: list[Window] = []
    for start_day, horizons in window_plan(past.first_day, cutoff.day, settings.horizons).items():
        start = AsOf.at_midnight(start_day, store.timezone)
        report(f"window of {start.date}")
        past_window = window(sampled, start, horizons, cutoff)
        if len(past_window.features):  # a purchase may have been recorded long after it was made
            earlier.append(past_window)
    report("counts and churn")
    days = purchase_days(sampled, cutoff, current.features)
    data = TrainingData(current, earlier, past, max(settings.horizons), days)
    fitted = {name: fit_model(name, model, data) for name, model in unfitted.items()}
    report("spend")
    spend = fit_spend(earlier, current, seed)
    libraries = {name: version(name) for name in LIBRARIES}
    card = Card(
        as_of=str(cutoff.date),
        timezone=store.timezone,
        horizons=tuple(settings.horizons),
        data_digest=str(store.manifest["digest"]),
        customers=len(current.features),
        feature_columns=FEATURE_NAMES,
        formula_version=formula.version,
        code_version=version("regulars"),
        libraries=libraries,
        rating_maximum=store.rating_maximum,
        words=WORDS,
        plugins=plugin_packages("regulars.events", "regulars.features"),
    )
    return {
        name: CustomerModel(
            replace(card, model=name, libraries=libraries | required_packages(model)),
            formula,
            model,
            spend,
            count_intervals(model, data),
        )
        for name, model in fitted.items()
    }


def count_intervals(model: Forecaster, data: TrainingData) -> CountIntervals | None:
    """Return the intervals of a model that has none of its own, after a check that its forecasts keep the laws."""
    if hasattr(model, "intervals_"):
        return None
    sample = at_cutoff(spread_sample(data.current.features), data.current.day)
    require_lawful(model, sample, INTERVAL_HORIZONS)
    # The many horizons of the window a year ago are for models that follow the level of demand.
    earlier = [past for past in data.earlier if past.day != data.current.day - YEAR_AGO_DAYS]
    return CountIntervals.fit(model, earlier)


def fit_spend(earlier: Sequence[Window], current: Window, seed: int) -> SpendModel:
    """Return the spend model learnt from each earlier window's longest horizon.

    The latest quarter of the windows is held out to choose its kind, using windows that were over when they began.
    """
    longest = [(past, max(past.purchases)) for past in earlier if past.purchases]
    if not longest:
        empty = np.zeros(0)
        return SpendModel(random_state=seed).fit(current.features.iloc[:0], empty, empty, empty, empty)
    sizes = [len(past.features) for past, _ in longest]
    starts = np.array([past.day for past, _ in longest])
    later = starts >= np.quantile(starts, HELD_OUT)
    over = starts + np.array([horizon_days for _, horizon_days in longest]) <= starts[later].min()
    return SpendModel(random_state=seed).fit(
        pd.concat([past.features for past, _ in longest]),
        np.concatenate([past.spend[horizon_days] for past, horizon_days in longest]),
        np.concatenate([past.purchases[horizon_days] for past, horizon_days in longest]),
        np.repeat(over, sizes),
        np.repeat(later, sizes),
    )


def sampled_store(store: EventStore, as_of: AsOfLike, most: int, seed: int) -> EventStore:
    """Return the events of the customers that `sample_customers` draws, or the store when there are no more."""
    customers = sample_customers(store, as_of, most, seed)
    return store if customers is None else events_of_customers(store, customers)


def sample_customers(store: EventStore, as_of: AsOfLike, most: int, seed: int) -> NDArray[np.int64] | None:
    """Return the positions of `most` customers known at `as_of`, drawn at random; None when there are no more.

    Customers who come later are not in the draw, so it is the same before and after they come.
    """
    known = known_customers(store, AsOf.parse(as_of, store.timezone))
    if len(known) <= most:
        return None
    return np.sort(np.random.default_rng(seed).choice(known, most, replace=False))
