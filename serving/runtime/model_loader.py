"""A published version, loaded and tried before it may score."""

import math
from datetime import UTC, datetime

import pandas as pd

from features.engines.python_engine import customer_features
from features.errors import PublishedModelError
from serving.runtime.model_store import Published
from serving.state import Champion
from serving.timestamps import moment
from training.models.bundle import BUNDLE, COMPILED_FILE, OUTPUTS
from training.models.compiled.compiled_model import CompiledModel
from training.models.customer_model import CustomerModel

TOLERANCE = 1e-9
TRIED_HORIZONS = (30, 365)
TRIED = [
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
"""Made-up customers: one of some purchases, and one of a single purchase yesterday."""


def load(found: Published) -> Champion:
    """Return the version, loaded and tried; raises PublishedModelError when it cannot be, or its two forms disagree."""
    bundle = found.folder / BUNDLE
    try:
        model = CustomerModel.load(bundle, found.digest)
        compiled_model = CompiledModel.load(bundle / COMPILED_FILE, found.compiled_digest)
        _try(model, compiled_model)
    except ValueError as error:
        raise PublishedModelError(f"{found.tag} is refused: {error}") from None
    except Exception as error:  # what a broken pickle raises is up to what it holds
        said = f"{type(error).__name__}: {error}"
        raise PublishedModelError(f"{found.tag} cannot be loaded, publish another ({said})") from None
    return Champion(found.version, found.tag, found.digest, found.folder, model, compiled_model)


def _try(model: CustomerModel, compiled_model: CompiledModel) -> None:
    """Score two made-up customers both ways, which also warms the model; PublishedModelError where they differ."""
    for as_of, events in TRIED:
        features = customer_features(events, as_of, model.card.timezone)
        day = moment(as_of, model.card.timezone).day
        table = pd.DataFrame([features], index=pd.Index(["tried"], name="customer_id"))
        for horizon in TRIED_HORIZONS:
            slow = model.predict(table, day, horizon).iloc[0].to_dict()
            fast = compiled_model.predict(list(features.values()), day, horizon)._asdict()
            for name in OUTPUTS:
                if not math.isclose(slow[name], fast[name], rel_tol=TOLERANCE, abs_tol=TOLERANCE):
                    raise PublishedModelError(
                        f"its compiled form says {name} {fast[name]} where the model says {slow[name]}: publish again"
                    )
