"""Checks before publication: a compiled form forecasts like its model; a model without one keeps the laws."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from features.as_of import AsOf
from features.errors import ModelError, TrackingError
from training.models.arrays import Floats
from training.models.bundle import COMPILED_FILE, OUTPUTS
from training.models.compiled.compiled_model import CompiledModel
from training.models.compiled.purchases import COLUMNS as PURCHASE_COLUMNS
from training.models.count_intervals import at_cutoff
from training.models.customer_model import CustomerModel
from training.models.forecaster import require_lawful
from training.models.purchases.declared import DeclaredCovariate
from training.models.purchases.model import PurchaseModel
from training.models.spend.constants import COLUMNS as SPEND_COLUMNS
from training.settings import ALLOW_UNCOMPILED
from training.synthetic_customers import synthetic_customers

CUSTOMERS = 300
HORIZONS = (1, 7, 30, 90, 365, 730, 3650)
LATER_DAYS = 40
EDGE_VALUES = (np.nan, -np.inf, -7.0, -1.0, 0.0, 1e-9, 0.4, 1.0, 3.0, 1e6, np.inf)
"""Values that half of the customers get in declared covariates, at and beyond the ends of every transform's domain."""
TOLERANCE = 1e-9
"""Largest absolute or relative difference between two forecasts; the interval's whole counts must be equal."""


def compile_bundle(bundle: Path, digest: str, *, allow_uncompiled: bool = False) -> str | None:
    """Write the compiled form of a model beside it, after checking that both forecast alike.

    The file is read back and compared with the model on synthetic customers, at the date of the fit and `LATER_DAYS`
    after it, over `HORIZONS`. A model that has no compiled form is checked to keep the laws there, see
    `require_lawful`.

    Parameters
    ----------
    bundle : pathlib.Path
        The folder of `CustomerModel.save`; `COMPILED_FILE` is written into it.
    digest : str
        SHA-256 that the model file must have, in hex.
    allow_uncompiled : bool
        Whether a model without a compiled form may be published.

    Returns
    -------
    str or None
        SHA-256 of the compiled file, in hex; None for a model without a compiled form.

    Raises
    ------
    TrackingError
        When the forecasts differ or break a law, the model has another digest, or it cannot be compiled and must be.
    """
    try:
        model = CustomerModel.load(bundle, digest)
        purchases = model.purchases
        if not (isinstance(purchases, PurchaseModel) and CompiledModel.is_possible(model)):
            _check_uncompiled(model, allow_uncompiled)
            return None
        compiled = CompiledModel.of(model).save(bundle / COMPILED_FILE)
        compiled_model = CompiledModel.load(bundle / COMPILED_FILE, compiled)
    except ModelError as error:
        raise TrackingError(str(error)) from None
    features = with_edge_values(synthetic_customers(model.card.as_of, CUSTOMERS), purchases.adjustments_.declared)
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


def _check_uncompiled(model: CustomerModel, allowed: bool) -> None:
    name = model.card.model or type(model.purchases).__name__
    if not allowed:
        raise TrackingError(
            f"the model {name} has no compiled form: a service would take milliseconds a customer by its estimator; "
            f"{ALLOW_UNCOMPILED} if that is fast enough"
        )
    features = synthetic_customers(model.card.as_of, CUSTOMERS)
    buyers = features[features["purchase_days"] > 0]
    day = AsOf.parse(model.card.as_of, model.card.timezone).day
    for start in (day, day + LATER_DAYS):
        require_lawful(model.purchases, at_cutoff(buyers, start), HORIZONS)


def require_equal(
    model: CustomerModel, compiled_model: CompiledModel, features: pd.DataFrame, as_of_day: int, horizon_days: int
) -> None:
    """Raise TrackingError with the first forecast in which the forms of a model differ on a feature table.

    The compiled model forecasts it row by row and as a table.
    """
    expected, values = model.predict(features, as_of_day, horizon_days).to_numpy(), features.to_numpy(float)
    one_by_one = [compiled_model.predict(row, as_of_day, horizon_days) for row in values.tolist()]
    _require_close(np.array(one_by_one), expected, horizon_days)
    _require_close(compiled_model.predict_table(values, as_of_day, horizon_days), expected, horizon_days)


def _require_close(actual: Floats, expected: Floats, horizon_days: int) -> None:
    equal = np.isclose(actual, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
    counts = slice(OUTPUTS.index("low"), OUTPUTS.index("high") + 1)
    equal[:, counts] &= (actual[:, counts] == expected[:, counts]) | np.isnan(expected[:, counts])
    if not equal.all():
        row, column = np.argwhere(~equal)[0]
        raise TrackingError(
            f"the compiled model says {OUTPUTS[column]} {actual[row, column]:.12g} over {horizon_days} days, expected "
            f"{expected[row, column]:.12g} of the model: not published; fit again, and report it if it stays"
        )
