"""Errors of MLflow, its database and the disk as one line: what was found, and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from features.errors import TrackingError

NO_ANSWER = "no answer: start the server, or mend MLFLOW_TRACKING_URI"
NO_ROOM = "no room on the disk: free some and call again"
REMEDIES = {
    "database is locked": "in use by another process: wait until that one is done, or end it",
    "disk is full": NO_ROOM,
    "no space left": NO_ROOM,
    "file too large": NO_ROOM,
    "disk quota": NO_ROOM,
    "disk i/o error": NO_ROOM,
    "max retries": NO_ANSWER,
    "connection refused": NO_ANSWER,
    "timed out": NO_ANSWER,
    "unable to open": "cannot be opened: mend the folder or its rights",
    "readonly": "cannot be written: mend its rights",
    "read-only": "cannot be written: mend its rights",
    "permission denied": "cannot be written: mend its rights",
    "not a database": "no SQLite database: name another, or restore a copy",
    "malformed": "damaged: restore a copy",
}
"""The remedy for an error whose text holds the words on the left."""


@contextmanager
def one_line_errors(uri: str, *kinds: type[Exception]) -> Iterator[None]:
    """Raise errors of these kinds within the block as TrackingError, in one line that names the store at `uri`."""
    try:
        yield
    except TrackingError:
        raise
    except kinds as error:
        raise TrackingError(_one_line(error, uri)) from error


def _one_line(error: Exception, uri: str) -> str:
    """Return the error's text with its remedy, without the password of the address."""
    text = " ".join(str(error).split("\n[SQL")[0].split()).replace(uri, without_password(uri))
    remedy = next((remedy for words, remedy in REMEDIES.items() if words in text.lower()), "")
    if remedy == NO_ANSWER:
        text = text.partition(" failed with")[0]
    detail = f"{remedy} ({text[:300]})" if remedy else text[:300]
    return f"tracking at {without_password(uri)}: {detail}"


def without_password(uri: str) -> str:
    """Return the address without user and password."""
    user, at, _ = urlsplit(uri).netloc.rpartition("@")
    return uri.replace(user + at, "", 1) if at else uri
