"""The forecasts of a batch: by the model, or by its compiled form as plain numbers, which any worker can rebuild."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.definitions import FEATURE_NAMES
from features.errors import ModelError
from training.models.bundle import OUTPUTS

if TYPE_CHECKING:  # scoring by the rule alone needs no library of the models
    from training.models.compiled.compiled_model import CompiledModel
    from training.models.customer_model import CustomerModel

DISCOUNT_RATE = 0.10

Forecaster = Callable[[pd.DataFrame, int], pd.DataFrame]
"""Returns the forecasts of a feature table at a cutoff, in days since 1970."""


@dataclass(frozen=True)
class Forecasts:
    """The forecasts to write.

    Attributes
    ----------
    model : CustomerModel
        The model.
    version : str
        Its version, for the file's metadata.
    horizon_days : int
        Days to forecast.
    value_days : int, optional
        Days of customer value; None writes none.
    discount_rate : float
        Yearly discount rate of customer value.
    """

    model: "CustomerModel"
    version: str
    horizon_days: int
    value_days: int | None = None
    discount_rate: float = DISCOUNT_RATE

    @cached_property
    def compiled(self) -> "CompiledForecasts | None":
        """The same by the compiled model, which takes a fraction of the time; None for a model without one."""
        from training.models.compiled.compiled_model import CompiledModel

        if not CompiledModel.is_possible(self.model):
            return None
        numbers = json.dumps(CompiledModel.of(self.model).numbers)
        return CompiledForecasts(numbers, self.horizon_days, self.value_days, self.discount_rate)

    def of_table(self, table: pd.DataFrame, day: int) -> pd.DataFrame:
        """Return the forecasts of a feature table, and `customer_value` if its days are given."""
        if self.compiled is not None:
            return self.compiled.of_table(table, day)
        predicted = self.model.predict(table, day, self.horizon_days)
        if self.value_days is not None:
            value = self.model.customer_value(table, day, self.value_days, self.discount_rate)
            predicted["customer_value"] = value
        return predicted

    def for_workers(self) -> "CompiledForecasts":
        """Return what workers elsewhere receive: numbers alone, for a pickled estimator runs the code it holds.

        Raises
        ------
        ModelError
            When the model has no compiled form.
        """
        if self.compiled is None:
            raise ModelError(
                f"model version {self.version} has no compiled form, which scores in parts need: "
                "write one cutoff to one file, without --engine spark"
            )
        return self.compiled


@dataclass(frozen=True)
class CompiledForecasts:
    """The forecasts of `Forecasts.of_table` by the compiled model.

    Attributes
    ----------
    numbers : str
        `CompiledModel.numbers` as JSON, which keeps every number to the last bit.
    horizon_days, value_days, discount_rate
        As of `Forecasts`.
    """

    numbers: str
    horizon_days: int
    value_days: int | None
    discount_rate: float

    def of_table(self, table: pd.DataFrame, day: int) -> pd.DataFrame:
        """Return the forecasts of a feature table, and `customer_value` if its days are given."""
        model = _compiled_model(self.numbers)
        values = table[list(FEATURE_NAMES)].to_numpy(np.float64)
        predicted = pd.DataFrame(model.predict_table(values, day, self.horizon_days), table.index, list(OUTPUTS))
        if self.value_days is not None:
            predicted["customer_value"] = model.customer_value(values, day, self.value_days, self.discount_rate)
        return predicted


@lru_cache(1)
def _compiled_model(numbers: str) -> "CompiledModel":
    from training.models.compiled.compiled_model import CompiledModel

    return CompiledModel(json.loads(numbers))
