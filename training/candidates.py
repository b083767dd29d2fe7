"""Fitting a model, whoever wrote it, to windows of the past."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from inspect import signature

import pandas as pd

from features.errors import ModelError, RegularsError
from training.models.arrays import Floats
from training.models.forecaster import Forecaster
from training.models.purchases.training_set import TrainingSet
from training.models.window import Activity, PurchaseDays, Window
from training.models.window_table import to_table


@dataclass(frozen=True)
class TrainingData:
    """What models learn from, in the forms that they take; each is made when first needed.

    Attributes
    ----------
    current : Window
        The customers at the cutoff.
    earlier : sequence of Window
        Earlier cutoffs, with outcomes that were known at the cutoff.
    activity : Activity
        First and repeat purchases of the base on each day.
    horizon_days : int
        The horizon of the rows of `current`.
    purchase_days : PurchaseDays, optional
        Of the customers in `current`, before the cutoff.
    """

    current: Window
    earlier: Sequence[Window]
    activity: Activity
    horizon_days: int
    purchase_days: PurchaseDays | None = None

    @cached_property
    def table(self) -> tuple[pd.DataFrame, Floats]:
        """X and y of `Forecaster.fit`; a row for each customer, cutoff and horizon, so it may be large."""
        return to_table(self.current, self.earlier, self.horizon_days)

    @cached_property
    def training_set(self) -> TrainingSet:
        """The form that purchase models share."""
        return TrainingSet.of(self.current, self.earlier, self.activity, self.purchase_days)


def fit_model(name: str, model: Forecaster, data: TrainingData) -> Forecaster:
    """Fit a model to windows of the past.

    `activity` is passed to models whose `fit` has a parameter of this name. Those that take a `training_set` get it
    instead of the table.

    Raises
    ------
    ModelError
        The model fails in a way of its own.
    """
    parameters = signature(model.fit).parameters
    try:
        if "training_set" in parameters:
            return model.fit(data.current.features, training_set=data.training_set)  # type: ignore[call-arg]
        if "activity" in parameters:
            return model.fit(*data.table, activity=data.activity)  # type: ignore[call-arg]
        return model.fit(*data.table)
    except RegularsError:
        raise
    except Exception as error:  # whatever the code of a package raises
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ModelError(
            f"the model {name} cannot be fitted, {reason}: mend it, or leave it out of [candidates]"
        ) from error
