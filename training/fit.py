"""Fitting a version: from a store and a date to a customer model, from nothing but what was known by then."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf, AsOfLike, day_date
from features.definitions import FEATURE_NAMES
from features.engines.feature_table import known_customers
from features.errors import TooLittleDataError
from features.loyalty.formula import Formula
from features.loyalty.scoring import drop_unpriced_parts
from features.store.event_store import EventStore
from training.models.bundle import LIBRARIES, Card
from training.models.customer_model import CustomerModel
from training.models.purchases.model import RIDGE, PurchaseModel
from training.models.purchases.training_set import TrainingSet
from training.models.spend.model import SpendModel
from training.models.window import Window
from training.windows import activity, window, window_plan

HORIZONS = (30, 90, 180, 365)
CUSTOMERS, QUICK_CUSTOMERS = 50_000, 10_000
"""How many customers a fit learns from, at most: figures settle long before, and memory stays bounded."""

Progress = Callable[[str], None]


def fit_customer_model(
    store: EventStore,
    as_of: AsOfLike,
    formula: Formula,
    horizons: Sequence[int] = HORIZONS,
    seed: int = 0,
    quick: bool = False,
    progress: Progress | None = None,
    ridge: float | None = RIDGE,
) -> CustomerModel:
    """Return the model of `fit_candidates` for one `ridge`."""
    return fit_candidates(store, as_of, formula, {"one": ridge}, horizons, seed, quick, progress)["one"]


def fit_candidates(
    store: EventStore,
    as_of: AsOfLike,
    formula: Formula,
    ridges: Mapping[str, float | None],
    horizons: Sequence[int] = HORIZONS,
    seed: int = 0,
    quick: bool = False,
    progress: Progress | None = None,
) -> dict[str, CustomerModel]:
    """Return the models that the events known at the midnight of `as_of` teach; nothing later is looked at.

    One for each of `ridges` (as in `PurchaseModel`), by its name; what does not depend on it is computed once. They
    learn from at most `CUSTOMERS` customers (`QUICK_CUSTOMERS` with `quick`), drawn with `seed`. `progress` is called
    with the name of each step as it begins. Raises TooLittleDataError when nobody has bought by then.
    """
    say = progress or (lambda step: None)
    formula = drop_unpriced_parts(store, formula)
    day = AsOf.parse(as_of, store.timezone).day
    customers = drawn_customers(store, day_date(day), QUICK_CUSTOMERS if quick else CUSTOMERS, seed)
    say(f"features at {day_date(day)}")
    now = window(store, day, [], day_date(day), customers)
    if now.features.empty:
        raise TooLittleDataError(f"nobody in the log has bought before {day_date(day)}: give a later --as-of")
    past = activity(store, day, customers)
    earlier: list[Window] = []
    for start, reach in window_plan(past.first_day, day, horizons).items():
        say(f"window of {day_date(start)}")
        then = window(store, start, reach, day_date(day), customers)
        if len(then.features):  # a purchase may have been recorded long after it was made
            earlier.append(then)
    say("counts and churn")
    training_set = TrainingSet.of(now, earlier, past)
    purchases = {name: PurchaseModel(ridge).fit_training_set(training_set) for name, ridge in ridges.items()}
    say("spend")
    spend = fit_spend(earlier, now, seed)
    card = Card(
        as_of=str(day_date(day)),
        timezone=store.timezone,
        horizons=tuple(horizons),
        data_digest=str(store.manifest["digest"]),
        customers=len(now.features),
        feature_columns=FEATURE_NAMES,
        formula_version=formula.version,
        code_version=version("regulars"),
        libraries={name: version(name) for name in LIBRARIES},
    )
    return {name: CustomerModel(card, formula, model, spend) for name, model in purchases.items()}


def fit_spend(earlier: Sequence[Window], now: Window, seed: int) -> SpendModel:
    """Return the spend model learnt from each earlier window's longest horizon.

    The latest quarter of the windows is held out to choose its kind, by what was over when they began.
    """
    told = [(w, max(w.purchases)) for w in earlier if w.purchases]
    if not told:
        none = np.zeros(0)
        return SpendModel(random_state=seed).fit(now.features.iloc[:0], none, none, none, none)
    sizes = [len(w.features) for w, _ in told]
    starts = np.array([w.day for w, _ in told])
    later = starts >= np.quantile(starts, 0.75)
    over = starts + np.array([reach for _, reach in told]) <= starts[later].min()
    return SpendModel(random_state=seed).fit(
        pd.concat([w.features for w, _ in told]),
        np.concatenate([w.spend[reach] for w, reach in told]),
        np.concatenate([w.purchases[reach] for w, reach in told]),
        np.repeat(over, sizes),
        np.repeat(later, sizes),
    )


def drawn_customers(store: EventStore, as_of: AsOfLike, most: int, seed: int) -> NDArray[np.int64] | None:
    """Return the positions of `most` of the customers known at `as_of`, drawn at random; None where there are fewer.

    Those who come later have no part in the draw, so that it is the same before and after they came.
    """
    known = known_customers(store, AsOf.parse(as_of, store.timezone))
    if len(known) <= most:
        return None
    return np.sort(np.random.default_rng(seed).choice(known, most, replace=False))
