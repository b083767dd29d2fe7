"""The SQLite file of a tracking store: made whole or not at all, and asked whether it can be written."""

import fcntl
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from features.atomic_file import atomic_write

LOCK_SECONDS = 10.0


def sqlite_file(uri: str) -> Path | None:
    """Return the file of a SQLite address; None when it is another kind of store."""
    return Path(uri.removeprefix("sqlite:///")).resolve() if uri.startswith("sqlite:///") else None


def make_once(database: Path, make: Callable[[Path], object]) -> None:
    """Have `make` write the database where there is none: in another file first, and one process at a time.

    MLflow makes its tables in dozens of steps. Two processes at it at once, or a kill on the way, would leave a file
    that neither can be used nor mended.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(database.parent, os.W_OK):
        raise PermissionError(f"permission denied for {database.parent}")
    if _is_there(database):
        return
    with database.with_name(f".{database.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_there(database):
            with atomic_write(database) as part:
                make(part)


def check_writable(database: Path) -> None:
    """Raise OSError or sqlite3.Error when the database cannot be written; wait LOCK_SECONDS for another's lock.

    Asked before MLflow is, which asks ten times over, a minute and more, before it gives up.
    """
    with closing(sqlite3.connect(database, timeout=LOCK_SECONDS, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


def _is_there(database: Path) -> bool:
    return database.exists() and database.stat().st_size > 0
