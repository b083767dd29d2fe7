"""Checks that a compiled model gives the same forecasts as its estimators."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from features.as_of import AsOf
from features.errors import ModelError, TrackingError
from training.models.bundle import COMPILED_FILE, OUTPUTS
from training.models.compiled.compiled_model import CompiledModel
from training.models.compiled.purchases import COLUMNS as PURCHASE_COLUMNS
from training.models.customer_model import CustomerModel
from training.models.purchases.declared import DeclaredCovariate
from training.models.spend.constants import COLUMNS as SPEND_COLUMNS
from training.synthetic_customers import synthetic_customers

CUSTOMERS = 300
HORIZONS = (1, 7, 30, 90, 365, 730, 3650)
LATER_DAYS = 40
EDGE_VALUES = (np.nan, -np.inf, -7.0, -1.0, 0.0, 1e-9, 0.4, 1.0, 3.0, 1e6, np.inf)
"""Values that half of the customers get in declared covariates, at and beyond the ends of every transform's domain."""
TOLERANCE = 1e-9
"""Largest absolute or relative difference between two forecasts; the interval's whole counts must be equal."""


def compile_bundle(bundle: Path, digest: str) -> str:
    """Write the compiled form of a model beside it, after checking that both forecast alike.

    The file is read back and compared with the model on synthetic customers, at the date of the fit and `LATER_DAYS`
    after it, over `HORIZONS`.

    Parameters
    ----------
    bundle : pathlib.Path
        The folder of `CustomerModel.save`; `COMPILED_FILE` is written into it.
    digest : str
        SHA-256 that the model file must have, in hex.

    Returns
    -------
    str
        SHA-256 of the compiled file, in hex.

    Raises
    ------
    TrackingError
        When the forecasts differ, the model has another digest, or it cannot be compiled.
    """
    try:
        model = CustomerModel.load(bundle, digest)
        compiled = CompiledModel.of(model).save(bundle / COMPILED_FILE)
        compiled_model = CompiledModel.load(bundle / COMPILED_FILE, compiled)
    except ModelError as error:
        raise TrackingError(str(error)) from None
    features = with_edge_values(synthetic_customers(model.card.as_of, CUSTOMERS), model.purchases.adjustments_.declared)
    if not np.array_equal(model.spend.expected_spend(features), model.spend.expected_spend_by_estimator(features)):
        raise TrackingError("the table of the spend model's trees differs from the trees: fit again, and report it")
    day = AsOf.parse(model.card.as_of, model.card.timezone).day
    for start in (day, day + LATER_DAYS):
        for horizon_days in HORIZONS:
            require_equal(model, compiled_model, features, start, horizon_days)
    return compiled


def with_edge_values(features: pd.DataFrame, declared: Sequence[DeclaredCovariate]) -> pd.DataFrame:
    """Return a feature table with `EDGE_VALUES` at random in the columns that are read as declared covariates only."""
    rng = np.random.default_rng(0)
    names = [name for name, _, _ in declared if name not in (*PURCHASE_COLUMNS, *SPEND_COLUMNS, "purchase_days")]
    values = {
        name: np.where(rng.random(len(features)) < 0.5, rng.choice(EDGE_VALUES, len(features)), features[name])
        for name in names
    }
    return features.assign(**values)


def require_equal(
    model: CustomerModel, compiled_model: CompiledModel, features: pd.DataFrame, as_of_day: int, horizon_days: int
) -> None:
    """Raise TrackingError with the first forecast in which the two forms of a model differ on a feature table."""
    expected = model.predict(features, as_of_day, horizon_days).to_numpy()
    actual = np.array([compiled_model.predict(row, as_of_day, horizon_days) for row in features.to_numpy().tolist()])
    equal = np.isclose(actual, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
    counts = slice(OUTPUTS.index("low"), OUTPUTS.index("high") + 1)
    equal[:, counts] &= (actual[:, counts] == expected[:, counts]) | np.isnan(expected[:, counts])
    if not equal.all():
        row, column = np.argwhere(~equal)[0]
        raise TrackingError(
            f"the compiled model says {OUTPUTS[column]} {actual[row, column]:.12g} over {horizon_days} days, expected "
            f"{expected[row, column]:.12g} of the model: not published; fit again, and report it if it stays"
        )
