"""Loads a published version, and tries it before it may score.

A version whose compiled form is whole is loaded from that JSON file: nothing is unpickled, and pandas, SciPy and
scikit-learn are not imported.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from features.as_of import AsOf
from features.engines.python_engine import customer_features
from features.errors import PublishedModelError, RegularsError
from serving.runtime.model_store import PublishedModel
from serving.state import ServedModel
from training.models.bundle import BUNDLE, COMPILED_FILE, OUTPUTS, Card
from training.models.compiled.compiled_model import CompiledModel

if TYPE_CHECKING:
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
    """Return the version, loaded; raises PublishedModelError when it cannot be, or when its forms disagree."""
    try:
        return _unpickled(published) if published.needs_pickle else _compiled(published)
    except RegularsError as error:
        raise PublishedModelError(f"{published.tag} is refused: {error}") from None
    except Exception as error:  # a broken pickle may raise anything
        detail = f"{type(error).__name__}: {error}"
        raise PublishedModelError(f"{published.tag} cannot be loaded, publish another ({detail})") from None


def _compiled(published: PublishedModel) -> ServedModel:
    """Return the version in its compiled form, which `regulars publish` has compared with the estimators."""
    bundle = published.folder / BUNDLE
    compiled, card = CompiledModel.load(bundle / COMPILED_FILE, published.compiled_digest), Card.read(bundle)
    if compiled.formula is None:
        raise PublishedModelError("its compiled form holds no formula: publish it again")
    for _, features, day, horizon_days in _checked_rows(card.timezone):
        table = compiled.predict_table(np.array([list(features.values())]), day, horizon_days)
        _require_equal(dict(zip(OUTPUTS, table[0].tolist(), strict=True)), compiled, features, day, horizon_days)
    facts = (published.version, published.tag, published.digest, published.folder)
    return ServedModel(*facts, card, compiled.formula, compiled, signed_at=published.signed_at)


def _unpickled(published: PublishedModel) -> ServedModel:
    """Return a version without a compiled form, or with one that lacks the formula."""
    from training.models.customer_model import CustomerModel

    bundle = published.folder / BUNDLE
    model, compiled = CustomerModel.load(bundle, published.digest), None
    if published.compiled_digest:
        compiled = CompiledModel.load(bundle / COMPILED_FILE, published.compiled_digest)
        _compare_forms(model, compiled)
    elif CompiledModel.is_possible(model):
        raise PublishedModelError("its compiled form is missing: publish it again")
    facts = (published.version, published.tag, published.digest, published.folder)
    served = ServedModel(
        *facts, model.card, model.formula, compiled, None if compiled else model, signed_at=published.signed_at
    )
    if compiled is None:
        _try_estimator(served)
    return served


def _checked_rows(timezone: str) -> Iterator[tuple[int, dict[str, float], int, int]]:
    """Yield purchases, features, cutoff day and horizon in days of each invented customer at each horizon."""
    for as_of, events in CHECKED_CUSTOMERS:
        features, day = customer_features(events, as_of, timezone), AsOf.parse(as_of, timezone).day
        for horizon_days in CHECKED_HORIZONS:
            yield len(events), features, day, horizon_days


def _try_estimator(served: ServedModel) -> None:
    """Raise PublishedModelError unless the model forecasts for the invented customers; this also warms it up."""
    for purchases, features, day, horizon_days in _checked_rows(served.card.timezone):
        if not math.isfinite(sum(served.forecast_one(list(features.values()), day, horizon_days))):
            raise PublishedModelError(
                f"the model {served.card.model} gives no possible forecast over {horizon_days} days for a customer "
                f"with {purchases} purchases: mend it, or publish another"
            )


def _compare_forms(model: "CustomerModel", compiled: CompiledModel) -> None:
    """Raise PublishedModelError if the two forms differ on the invented customers; this also warms the model up."""
    import pandas as pd

    for _, features, day, horizon_days in _checked_rows(model.card.timezone):
        table = pd.DataFrame([features], index=pd.Index(["invented"], name="customer_id"))
        slow = model.predict(table, day, horizon_days).iloc[0].to_dict()
        _require_equal({str(name): float(value) for name, value in slow.items()}, compiled, features, day, horizon_days)


def _require_equal(
    expected: Mapping[str, float], compiled: CompiledModel, features: Mapping[str, float], day: int, horizon_days: int
) -> None:
    fast = compiled.predict(list(features.values()), day, horizon_days)._asdict()
    for name in OUTPUTS:
        if not math.isclose(expected[name], fast[name], rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            raise PublishedModelError(
                f"its compiled form says {name} {fast[name]} where the model says {expected[name]}: publish again"
            )
