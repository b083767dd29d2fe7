"""What MLflow keeps of a run and of a registered version, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass

CANDIDATE = "candidate"
"""The tag of a version that names its model of purchases."""
GATE = "verdict."
"""What the metrics of a fit begin with that are figures of its verdict."""


def gate_figures(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the figures of the verdict among the metrics of a fit; those of earlier releases had no prefix.

    Examples
    --------
    >>> gate_figures({"verdict.log.events": 7.0, "auc": 0.8}), gate_figures({"log.events": 7.0})
    ({'log.events': 7.0}, {'log.events': 7.0})
    """
    own = {name.removeprefix(GATE): value for name, value in metrics.items() if name.startswith(GATE)}
    return own or dict(metrics)


@dataclass(frozen=True)
class RunRecord:
    """A run as MLflow keeps it; `status` is RUNNING, FINISHED, FAILED or KILLED, `started` milliseconds since 1970."""

    run_id: str
    name: str
    status: str
    started: int
    tags: dict[str, str]
    params: dict[str, str]
    metrics: dict[str, float]
    artifact_uri: str


@dataclass(frozen=True)
class ModelVersion:
    """A registered version of the model.

    Attributes
    ----------
    number : int
        Counts up from 1.
    run_id, source : str
        The run that made it, and where its files are.
    tags : dict of str to str
        With `digest`, see below, and `candidate`.
    aliases : tuple of str
        `champion`, `challenger`, both or neither, sorted.
    """

    number: int
    run_id: str
    source: str
    tags: dict[str, str]
    aliases: tuple[str, ...] = ()

    @property
    def candidate(self) -> str:
        """The name of its model of purchases."""
        return self.tags.get(CANDIDATE, "")

    @property
    def digest(self) -> str:
        """SHA-256 of its model file, in hex."""
        return self.tags.get("digest", "")


@dataclass(frozen=True)
class LoggedDataset:
    """A data set that a run read, as `mlflow.data` keeps it.

    Attributes
    ----------
    name, digest : str
        Identify it: metrics measured on it name both.
    source : str
        Where it is: a path or an address.
    profile : mapping
        What is worth knowing of it: its span, counts.
    columns : tuple of str
        Its columns, all numbers.
    context : {"training", "evaluation"}
        What the run did with it.
    """

    name: str
    digest: str
    source: str
    profile: Mapping[str, object]
    columns: tuple[str, ...] = ()
    context: str = "training"


@dataclass(frozen=True)
class MetricValue:
    """A metric at one step, with the time (milliseconds since 1970), the data set and the model that it belongs to."""

    name: str
    value: float
    step: int = 0
    time: int = 0
    dataset: LoggedDataset | None = None
    model_id: str | None = None
