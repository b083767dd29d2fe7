"""Errors of MLflow, its database and the disk as one line: what was found, and what to do."""

import logging
import os
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from features.errors import TrackingError

NO_ANSWER = "no answer: start the server, correct MLFLOW_TRACKING_URI, or raise [tracking] timeout_seconds"
NO_ROOM = "no room on the disk: free some and call again"
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
"""Settings of MLflow without which it sends, or prints, what nobody asked for."""
CLIENTS = ("requests", "urllib3", "boto3", "botocore", "s3transfer", "google", "azure", "fsspec", "paramiko", "pysftp")
"""Packages that reach artifact stores, whose errors have no class in common."""
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
    "could not connect to the endpoint": "no answer of the artifact store: check its address and the network",
    "unable to locate credentials": "give the artifact store's credentials, as its own documentation says",
    "unable to open": "cannot be opened: check the folder and its permissions",
    "readonly": "cannot be written: correct its permissions",
    "read-only": "cannot be written: correct its permissions",
    "permission denied": "cannot be written: correct its permissions",
    "out-of-date database schema": "another MLflow wrote it: `regulars home upgrade` brings it up to date",
    "can't locate revision": "a later MLflow wrote it: install that, or restore a backup",
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


@contextmanager
def mlflow_answers(uri: str, seconds: int = 30, retries: int = 2) -> Iterator[None]:
    """Raise errors of MLflow, its database, the disk and artifact stores as TrackingError; limit MLflow's waiting.

    MLFLOW_HTTP_REQUEST_TIMEOUT and MLFLOW_HTTP_REQUEST_MAX_RETRIES, where set, are left as they are.
    """
    limits = {"MLFLOW_HTTP_REQUEST_TIMEOUT": seconds, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": retries}
    ours = {name: str(limit) for name, limit in limits.items() if name not in os.environ}
    os.environ.update(ours)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        # MLflow's own use of what SQLAlchemy and pandas will drop one day, and its remarks on its own types.
        warnings.filterwarnings("ignore", module=r"mlflow\.")
        try:
            from mlflow.exceptions import MlflowException
            from sqlalchemy.exc import SQLAlchemyError

            for logger in ("mlflow", "urllib3.connectionpool"):  # they print each try and a stack trace, then raise
                logging.getLogger(logger).setLevel(logging.CRITICAL)
            with one_line_errors(uri, MlflowException, SQLAlchemyError, sqlite3.Error, OSError):
                yield
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] == "mlflow":  # not of the address: the extra is missing
                raise
            raise TrackingError(f"tracking at {without_password(uri)}: {_install(error)}") from error
        except Exception as error:
            if type(error).__module__.partition(".")[0] not in CLIENTS:
                raise
            raise TrackingError(_one_line(error, uri)) from error
        finally:
            for name in ours:
                os.environ.pop(name, None)


def _install(error: ModuleNotFoundError) -> str:
    """Return what to install for an artifact store or a database; MLflow imports its client when it is used."""
    return f"the address needs the package {error.name}, which is not installed: install it"


def _one_line(error: Exception, uri: str) -> str:
    """Return the error's text with its remedy, without the password of the address."""
    text = " ".join(str(error).split("\n[SQL")[0].partition("(Background on")[0].split())
    text = text.replace(uri, without_password(uri))
    # MLflow may say what it could not do, and not why: that the disk is full is then in the error which it caught.
    remedy = _remedy(text) or _remedy(str(error.__cause__ or error.__context__ or ""))
    if remedy == NO_ANSWER:
        text = text.partition(" failed with")[0]
    detail = f"{remedy} ({text[:300]})" if remedy else text[:300]
    return f"tracking at {without_password(uri)}: {detail}"


def _remedy(text: str) -> str:
    return next((remedy for words, remedy in REMEDIES.items() if words in text.lower()), "")


def without_password(uri: str) -> str:
    """Return the address without user and password."""
    user, at, _ = urlsplit(uri).netloc.rpartition("@")
    return uri.replace(user + at, "", 1) if at else uri
