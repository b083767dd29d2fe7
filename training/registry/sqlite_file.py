"""The SQLite file of a tracking store: created whole or not at all, locked between processes, opened for reading."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from features.atomic_file import atomic_write

LOCK_SECONDS = 10.0
"""How long to wait for another connection that writes."""


def sqlite_file(uri: str) -> Path | None:
    """Return the file of a SQLite address; None for any other kind of store."""
    return Path(uri.removeprefix("sqlite:///")).resolve() if uri.startswith("sqlite:///") else None


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold a file lock beside the database during the block: one thread of one process on this machine at a time."""
    with database.with_name(f".{database.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_once(database: Path, make: Callable[[Path], object]) -> None:
    """Create the database by `make`, unless there is one: in a temporary file first, one process at a time.

    MLflow creates its tables in dozens of steps. Two processes at once, or a kill in between, would leave a file that
    can be neither used nor repaired.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(database.parent, os.W_OK):
        raise PermissionError(f"permission denied for {database.parent}")
    if _exists(database):
        return
    with locked(database):
        if not _exists(database):
            with atomic_write(database) as part:
                make(part)


@contextmanager
def transaction(database: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection that may write, commit at the end; wait LOCK_SECONDS for another that writes.

    MLflow itself would retry ten times, for more than a minute, before it gives up.

    Raises
    ------
    sqlite3.Error
        When the database cannot be written; nothing has changed then.
    """
    with closing(sqlite3.connect(database, timeout=LOCK_SECONDS, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection  # closed without a commit, the database is as before
        connection.execute("COMMIT")


def copy_database(source: Path, target: Path) -> None:
    """Copy a database that may be in use, as of one moment, without the transactions that are not over.

    Raises
    ------
    sqlite3.Error
        When the source is no sound database, or another connection keeps it locked for LOCK_SECONDS.
    """
    with closing(sqlite3.connect(source, timeout=LOCK_SECONDS)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)


def read_only_uri(database: Path) -> str:
    """Return the SQLite address that opens the database for reading, which asks for no right to write.

    Raises
    ------
    sqlite3.Error
        When it is not a sound database.
    """
    # A database with a write-ahead log in a folder that cannot be written opens as immutable only.
    for options in ("mode=ro", "mode=ro&immutable=1"):
        uri = f"file:{quote(str(database))}?{options}"
        try:
            with closing(sqlite3.connect(uri, uri=True, timeout=LOCK_SECONDS)) as connection:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            break
        except sqlite3.OperationalError as error:
            if "immutable" in options or "locked" in str(error):
                raise
    # With the plain scheme MLflow takes `file:` for a folder and makes it in the working directory.
    return f"sqlite+pysqlite:///{uri}&uri=true"


def _exists(database: Path) -> bool:
    return database.exists() and database.stat().st_size > 0
