"""The formula and models that score requests at one moment, replaced together."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.definitions import FEATURE_NAMES
from features.errors import InvalidArgumentError, ModelError, PublishedModelError
from features.loyalty.formula import Formula
from features.schema import RATING_MAXIMUM
from features.segments.segmentation import Segmentation
from training.models.arrays import Floats
from training.models.bundle import OUTPUTS, Card
from training.models.compiled.compiled_model import CompiledModel, Forecast
from training.models.rollout import Role, is_in_share

if TYPE_CHECKING:  # a worker needs neither where the compiled form is enough
    import pandas as pd

    from training.models.customer_model import CustomerModel


@dataclass(frozen=True)
class ServedModel:
    """A published version, loaded: in its compiled form, or as estimators where it has none.

    Attributes
    ----------
    version, tag, digest : str
        The version, its tag in the store and the digest of its model file.
    folder : Path
        Where it is published.
    card : Card
        What it was fitted to.
    formula : Formula
        Its loyalty formula.
    compiled : CompiledModel, optional
        None for a model without a compiled form.
    customer_model : CustomerModel, optional
        The estimators; there only where there is no compiled form.
    signed_at : datetime, optional
        When it was signed, where a key is trusted.
    """

    version: str
    tag: str
    digest: str
    folder: Path
    card: Card
    formula: Formula
    compiled: CompiledModel | None = None
    customer_model: "CustomerModel | None" = None
    signed_at: datetime | None = None

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
        import pandas as pd

        table = pd.DataFrame([list(features)], columns=list(FEATURE_NAMES))
        return Forecast(*self.forecast_table(table, day, horizon_days)[0].tolist())

    def forecast_table(self, features: "pd.DataFrame", day: int, horizon_days: int) -> Floats:
        """Return the forecasts of a feature table, float64 of shape (n, 5); NaN where there is no forecast.

        A model without a compiled form comes from another package: rows on which it fails have no forecast.
        """
        if self.compiled is not None:
            values = features[list(FEATURE_NAMES)].to_numpy(np.float64)
            return self.compiled.predict_table(values, day, horizon_days)
        assert self.customer_model is not None
        try:
            return self.customer_model.predict(features, day, horizon_days).to_numpy(copy=True)
        except (ModelError, InvalidArgumentError):
            if len(features) == 1:
                return np.full((1, len(OUTPUTS)), np.nan)
        rows = (features.iloc[[row]] for row in range(len(features)))
        return np.concatenate([self.forecast_table(row, day, horizon_days) for row in rows])


class Challenger:
    """A version beside the champion: in shadow, where it answers nobody, or as a canary, where it answers a share.

    Parameters
    ----------
    model : ServedModel
    role : Role
    share : float
        The share of the customers.

    Attributes
    ----------
    faults : int
        The forecasts that it failed to make as a canary; the champion made them.
    """

    def __init__(self, model: ServedModel, role: Role, share: float) -> None:
        self.model, self.role, self.share = model, role, share
        self.faults = 0
        self._lock = threading.Lock()

    def answers(self, customer_id: str) -> bool:
        """Return whether a customer is one of those whom it answers, always the same ones."""
        return self.role is Role.CANARY and is_in_share(customer_id, self.model.folder.name, self.share)

    def count_faults(self, number: int) -> None:
        """Count forecasts that it failed to make."""
        with self._lock:
            self.faults += number


@dataclass(frozen=True)
class ServiceState:
    """The formula, time zone, rating scale and RFM segments in use, the model, and a challenger beside it if any.

    Without a model `absent` is the reason. `refused` is the reason why a newer version was not loaded, if one was;
    `unread` has those reasons for which it is tried again, since something could not be read.
    """

    formula: Formula
    timezone: str
    model: ServedModel | None
    since: datetime
    absent: str | None = None
    refused: str | None = None
    unread: tuple[str, ...] = ()
    rating_maximum: float = RATING_MAXIMUM
    segmentation: Segmentation | None = None
    challenger: Challenger | None = None

    def with_refusal(self, error: PublishedModelError) -> "ServiceState":
        """Return the state with the reason why something was not loaded; an earlier one stays."""
        if not _came_of_reading(error):
            return replace(self, refused=self.refused or str(error))
        refused = self.refused or f"{error}; until then it is read again every ten seconds"
        return replace(self, refused=refused, unread=(*self.unread, str(error)))

    @property
    def canary(self) -> Challenger | None:
        """The challenger, if it answers customers."""
        return self.challenger if self.challenger and self.challenger.role is Role.CANARY else None

    @property
    def shadow(self) -> ServedModel | None:
        """The model in shadow, if there is one."""
        return self.challenger.model if self.challenger and self.challenger.role is Role.SHADOW else None


def _came_of_reading(error: BaseException) -> bool:
    """Return whether an error arose because something could not be read, and not from what it holds."""
    while not isinstance(error, OSError):
        if (cause := error.__cause__ or error.__context__) is None:
            return False
        error = cause
    return True


Trouble = Callable[[], str | None]
"""Returns what does not work in a part of the service, in words that anybody may read, None if all does."""


class CurrentState:
    """One reference to the state: a request reads `state` once, a reload replaces it in one step.

    Attributes
    ----------
    state : ServiceState
        The formula and model in service.
    draining : bool
        Whether the service is about to stop: it still answers, but is no longer ready.
    troubles : list of callable
        What else may not work, for readiness.
    """

    def __init__(self, state: ServiceState) -> None:
        self.state = state
        self.draining = False
        self.troubles: list[Trouble] = []

    @property
    def ready_status(self) -> int:
        """Return the HTTP status of readiness; a degraded service is still better than none."""
        return 503 if self.draining else 200
