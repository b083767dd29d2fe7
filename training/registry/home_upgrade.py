"""Brings the database of a home to the schema of the installed MLflow."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from features.atomic_file import fsync_path
from features.errors import TrackingError
from features.scratch_folders import scratch_folder
from training.registry.home_backup import DATABASE
from training.registry.sqlite_file import LOCK_SECONDS, copy_database, locked, transaction


def upgrade(home: Path) -> Path | None:
    """Upgrade the database of a home; the previous one is kept beside it.

    A copy is upgraded and takes its place, so an error leaves the home as it was. Nobody can write meanwhile.

    Returns
    -------
    Path or None
        The copy of the previous database; None when there was nothing to upgrade.

    Raises
    ------
    TrackingError
        When there is no home, or MLflow cannot upgrade it.
    """
    database = home.resolve() / DATABASE
    if not database.is_file():
        raise TrackingError(f"no home in {home}: there is no {DATABASE}; name another with --home")
    try:
        with (
            locked(database),
            transaction(database),
            scratch_folder(database.parent, f".{DATABASE}.", ".part") as scratch,
        ):
            before, part = schema_revision(database), scratch / DATABASE
            copy_database(database, part)
            _run_mlflow(part, home)
            if schema_revision(part) == before:
                return None
            kept = database.with_name(f"{DATABASE}.{before}")
            copy_database(database, kept)
            fsync_path(part)
            part.replace(database)
    except sqlite3.Error as error:
        raise TrackingError(f"{database} cannot be upgraded ({error}): end what uses it, or restore a copy") from error
    return kept


def require_schema(database: Path, expected: str) -> None:
    """Raise TrackingError unless a database has the schema of the installed MLflow, or none yet.

    MLflow would upgrade some older ones as soon as it opens them, without a copy and while others read.
    """
    try:
        revision = schema_revision(database)
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return
    if revision != expected:
        raise TrackingError(
            f"another MLflow wrote {database} (schema {revision}, the installed one has {expected}): `regulars home "
            "upgrade` brings an older one up to date"
        )


def schema_revision(database: Path) -> str:
    """Return the revision of a database's schema, as Alembic names it."""
    # Not `mode=ro`: SQLite could not undo what a process that was killed while it wrote left half done. A database that
    # may not be written is opened for reading all the same.
    with closing(sqlite3.connect(f"file:{quote(str(database))}?mode=rw", uri=True, timeout=LOCK_SECONDS)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def _run_mlflow(database: Path, home: Path) -> None:
    """Run MLflow's own command in a process of its own: its migrations configure logging for a whole process."""
    command = [sys.executable, "-m", "mlflow", "db", "upgrade", f"sqlite:///{database}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        why = lines[-1].strip() if lines else f"exit code {done.returncode}"
        raise TrackingError(
            f"{home / DATABASE} cannot be upgraded by the installed MLflow ({why[:200]}): install the MLflow that "
            "wrote it, or restore a backup"
        )
