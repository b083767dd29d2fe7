"""What MLflow keeps of a run and of a registered version, as plain values."""

from dataclasses import dataclass

CANDIDATE = "candidate"
"""The tag of a version that names its model of purchases."""


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
