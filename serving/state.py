"""The formula and model that score requests at one moment, replaced together."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from features.loyalty.formula import Formula
from features.schema import RATING_MAXIMUM
from training.models.compiled.compiled_model import CompiledModel
from training.models.customer_model import CustomerModel


@dataclass(frozen=True)
class ServedModel:
    """A published version, loaded: the estimators for many rows, their compiled form for one."""

    version: str
    tag: str
    digest: str
    folder: Path
    customer_model: CustomerModel
    compiled: CompiledModel


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
