"""What can go wrong with tracking, each said in one line: what was found, and what to do."""

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
"""What to say when the error's own text holds the words on the left."""


def in_one_line(error: BaseException, uri: str) -> TrackingError:
    """Return the error of MLflow, its database or the disk as one line, without the password of the address."""
    said = " ".join(str(error).split("\n[SQL")[0].split()).replace(uri, without_password(uri))
    remedy = next((text for words, text in REMEDIES.items() if words in said.lower()), "")
    if remedy == NO_ANSWER:
        said = said.partition(" failed with")[0]
    found = f"{remedy} ({said[:300]})" if remedy else said[:300]
    return TrackingError(f"tracking at {without_password(uri)}: {found}")


def without_password(uri: str) -> str:
    """Return the address without user and password."""
    user, at, _ = urlsplit(uri).netloc.rpartition("@")
    return uri.replace(user + at, "", 1) if at else uri
