"""The compiled form of a version, made and tried beside the estimators: what a service answers single requests with."""

from pathlib import Path

import numpy as np
import pandas as pd

from features.as_of import AsOf
from features.errors import ModelError, TrackingError
from training.models.bundle import COMPILED_FILE, OUTPUTS
from training.models.compiled.compiled_model import CompiledModel
from training.models.customer_model import CustomerModel
from training.synthetic_customers import invented_customers

CUSTOMERS = 300
HORIZONS = (1, 7, 30, 90, 365, 730, 3650)
LATER_DAYS = 40
TOLERANCE = 1e-9
"""How far two numbers may be apart, in themselves or in proportion; the interval's whole counts may not."""


def compile_bundle(bundle: Path, digest: str) -> str:
    """Write `COMPILED_FILE` beside the model in the bundle, and return its digest (SHA-256, hex).

    The file is read back and tried beside the model on invented customers, for a date and a month after it. Raises
    TrackingError where the two differ, and when the model has another digest or is of another make.
    """
    try:
        model = CustomerModel.load(bundle, digest)
        compiled = CompiledModel.of(model).save(bundle / COMPILED_FILE)
        compiled_model = CompiledModel.load(bundle / COMPILED_FILE, compiled)
    except ModelError as error:
        raise TrackingError(str(error)) from None
    features = invented_customers(model.card.as_of, CUSTOMERS)
    if not np.array_equal(model.spend.expected_spend(features), model.spend.expected_spend_by_estimator(features)):
        raise TrackingError("the table of the spend model's trees differs from the trees: fit again, and report it")
    day = AsOf.parse(model.card.as_of, model.card.timezone).day
    for start in (day, day + LATER_DAYS):
        for horizon in HORIZONS:
            require_equal(model, compiled_model, features, start, horizon)
    return compiled


def require_equal(
    model: CustomerModel, compiled_model: CompiledModel, features: pd.DataFrame, day: int, days: int
) -> None:
    """Raise TrackingError where the two forms of a model differ on a feature table, with the first such number."""
    slow = model.predict(features, day, days).to_numpy()
    fast = np.array([compiled_model.predict(row, day, days) for row in features.to_numpy().tolist()])
    equal = np.isclose(fast, slow, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
    counts = slice(OUTPUTS.index("low"), OUTPUTS.index("high") + 1)
    equal[:, counts] &= (fast[:, counts] == slow[:, counts]) | np.isnan(slow[:, counts])
    if not equal.all():
        row, column = np.argwhere(~equal)[0]
        raise TrackingError(
            f"the compiled model says {OUTPUTS[column]} {fast[row, column]:.12g} over {days} days, expected "
            f"{slow[row, column]:.12g} of the model: not published; fit again, and report it if it stays"
        )
