"""Settings of the tracking store: the section [tracking] of `regulars.toml`."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from features.errors import InvalidArgumentError


@dataclass(frozen=True)
class TrackingSettings:
    """Where files of runs and versions are kept, and how long to wait for a server.

    Attributes
    ----------
    artifact_root : str, optional
        An absolute path or an address like s3://bucket/regulars for the files of runs and versions. Without it they
        are kept in the home folder, or where a server keeps them. It takes effect when the first fit of a home or
        server makes its experiment; MLflow cannot move one.
    timeout_seconds : int
        How long to wait for an answer of a server. Opening it waits 10 seconds at most.
    retries : int
        How often to ask again when there is no answer. A call ends after (retries + 1) times timeout_seconds, and
        some seconds between.

    Examples
    --------
    >>> TrackingSettings("s3://models/regulars/").location("regulars")
    's3://models/regulars/regulars'
    """

    artifact_root: str | None = field(default=None, metadata={"example": "s3://bucket/regulars"})
    timeout_seconds: int = 30
    retries: int = 2

    def __post_init__(self) -> None:
        if self.timeout_seconds < 1 or self.retries < 0:
            raise InvalidArgumentError(
                f"timeout_seconds is {self.timeout_seconds}, retries {self.retries}: give at least 1 second, and 0 or "
                "more retries"
            )
        if self.artifact_root and not (urlsplit(self.artifact_root).scheme or Path(self.artifact_root).is_absolute()):
            raise InvalidArgumentError(
                f"artifact_root is {self.artifact_root!r}: give an absolute path, or an address like s3://bucket/folder"
            )

    def location(self, experiment: str) -> str | None:
        """Return the address of an experiment's files; None without an artifact root."""
        if not self.artifact_root:
            return None
        path = Path(self.artifact_root)
        return (path / experiment).as_uri() if path.is_absolute() else f"{self.artifact_root.rstrip('/')}/{experiment}"
