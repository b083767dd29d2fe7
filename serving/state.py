"""What scores at one moment: the rule and, when one is published, the champion; swapped as one."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from features.loyalty.formula import Formula
from training.models.compiled.compiled_model import CompiledModel
from training.models.customer_model import CustomerModel


@dataclass(frozen=True)
class Champion:
    """A published version, loaded: the estimators for many rows, their compiled form for one."""

    version: str
    tag: str
    digest: str
    folder: Path
    model: CustomerModel
    compiled_model: CompiledModel


@dataclass(frozen=True)
class InService:
    """The formula and time zone that every score uses, and the champion or the reason why there is none.

    `refused` says why a newer version was not taken, where one was refused.
    """

    formula: Formula
    timezone: str
    champion: Champion | None
    since: datetime
    absent: str | None = None
    refused: str | None = None


class Holder:
    """One reference to what is in service; a reader takes `now` once a request, a swap replaces it in one step."""

    def __init__(self, now: InService) -> None:
        self.now = now
