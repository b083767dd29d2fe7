"""Loads a published version and compares its two forms before it may score."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime

import pandas as pd

from features.as_of import AsOf
from features.engines.python_engine import customer_features
from features.errors import PublishedModelError, RegularsError
from serving.runtime.model_store import PublishedModel
from serving.state import ServedModel
from training.models.bundle import BUNDLE, COMPILED_FILE, OUTPUTS
from training.models.compiled.compiled_model import CompiledModel
from training.models.customer_model import CustomerModel

TOLERANCE = 1e-9
CHECKED_HORIZONS = (30, 365)
CHECKED_CUSTOMERS = [
    (
        datetime(2024, 7, 1, tzinfo=UTC),
        [
            {"event_type": "purchase", "event_time": datetime(2023, month, 3, 10, tzinfo=UTC), "amount": 10.0 * month}
            for month in (2, 5, 6, 11)
        ],
    ),
    (
        datetime(2024, 7, 1, tzinfo=UTC),
        [{"event_type": "purchase", "event_time": datetime(2024, 6, 30, 23, tzinfo=UTC), "amount": 1.0}],
    ),
]
"""Cutoff and events of invented customers: one of several purchases, and one of a single purchase the day before."""


def load_model(published: PublishedModel) -> ServedModel:
    """Return the version, loaded; raises PublishedModelError when it cannot be, or when its two forms disagree."""
    bundle = published.folder / BUNDLE
    try:
        model = CustomerModel.load(bundle, published.digest)
        if published.compiled_digest:
            compiled = CompiledModel.load(bundle / COMPILED_FILE, published.compiled_digest)
            _compare_forms(model, compiled)
        elif CompiledModel.is_possible(model):
            raise PublishedModelError("its compiled form is missing: publish it again")
        else:
            compiled = None
        served = ServedModel(published.version, published.tag, published.digest, published.folder, model, compiled)
        if compiled is None:
            _try_estimator(served)
        return served
    except RegularsError as error:
        raise PublishedModelError(f"{published.tag} is refused: {error}") from None
    except Exception as error:  # a broken pickle may raise anything
        detail = f"{type(error).__name__}: {error}"
        raise PublishedModelError(f"{published.tag} cannot be loaded, publish another ({detail})") from None


def _checked_rows(timezone: str) -> Iterator[tuple[int, dict[str, float], int, int]]:
    """Yield purchases, features, cutoff day and horizon in days of each invented customer at each horizon."""
    for as_of, events in CHECKED_CUSTOMERS:
        features, day = customer_features(events, as_of, timezone), AsOf.parse(as_of, timezone).day
        for horizon_days in CHECKED_HORIZONS:
            yield len(events), features, day, horizon_days


def _try_estimator(served: ServedModel) -> None:
    """Raise PublishedModelError unless the model forecasts for the invented customers; this also warms it up."""
    card = served.customer_model.card
    for purchases, features, day, horizon_days in _checked_rows(card.timezone):
        if not math.isfinite(sum(served.forecast_one(list(features.values()), day, horizon_days))):
            raise PublishedModelError(
                f"the model {card.model} gives no possible forecast over {horizon_days} days for a customer with "
                f"{purchases} purchases: mend it, or publish another"
            )


def _compare_forms(model: CustomerModel, compiled: CompiledModel) -> None:
    """Raise PublishedModelError if the two forms differ on the invented customers; this also warms the model up."""
    for _, features, day, horizon_days in _checked_rows(model.card.timezone):
        table = pd.DataFrame([features], index=pd.Index(["invented"], name="customer_id"))
        slow = model.predict(table, day, horizon_days).iloc[0].to_dict()
        fast = compiled.predict(list(features.values()), day, horizon_days)._asdict()
        for name in OUTPUTS:
            if not math.isclose(slow[name], fast[name], rel_tol=TOLERANCE, abs_tol=TOLERANCE):
                raise PublishedModelError(
                    f"its compiled form says {name} {fast[name]} where the model says {slow[name]}: publish again"
                )
