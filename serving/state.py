"""The formula and model that score requests at one moment, replaced together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from features.definitions import FEATURE_NAMES
from features.loyalty.formula import Formula
from features.schema import RATING_MAXIMUM
from training.models.compiled.compiled_model import CompiledModel, Forecast
from training.models.customer_model import CustomerModel


@dataclass(frozen=True)
class ServedModel:
    """A published version, loaded: the estimators for many rows, their compiled form for one.

    `compiled` is None for a model without a compiled form; its estimator then forecasts single customers too.
    """

    version: str
    tag: str
    digest: str
    folder: Path
    customer_model: CustomerModel
    compiled: CompiledModel | None

    def forecast_one(self, features: Sequence[float], day: int, horizon_days: int) -> Forecast:
        """Return the forecast of one customer.

        Parameters
        ----------
        features : sequence of float, length len(FEATURE_NAMES)
            The customer's row of the feature table, NaN for null.
        day : int
            The cutoff, in days since 1970 in the business time zone.
        horizon_days : int
        """
        if self.compiled is not None:
            return self.compiled.predict(features, day, horizon_days)
        return forecast_by_estimator(self.customer_model, features, day, horizon_days)


def forecast_by_estimator(model: CustomerModel, features: Sequence[float], day: int, horizon_days: int) -> Forecast:
    """Return `CustomerModel.predict` for one customer; parameters as of `ServedModel.forecast_one`."""
    import pandas as pd

    table = pd.DataFrame([list(features)], columns=list(FEATURE_NAMES))
    return Forecast(*model.predict(table, day, horizon_days).iloc[0].tolist())


@dataclass(frozen=True)
class ServiceState:
    """The formula, time zone and rating scale in use, and the model, or in `absent` the reason why there is none.

    `refused` is the reason why a newer version was not loaded, if one was refused.
    """

    formula: Formula
    timezone: str
    model: ServedModel | None
    since: datetime
    absent: str | None = None
    refused: str | None = None
    rating_maximum: float = RATING_MAXIMUM


class CurrentState:
    """One reference to the state: a request reads `state` once, a reload replaces it in one step."""

    def __init__(self, state: ServiceState) -> None:
        self.state = state
