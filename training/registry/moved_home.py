"""A home folder that was moved or copied: MLflow keeps absolute addresses of files, which are followed into the home.

MLflow offers neither relative addresses nor a way to change one, so they are changed in its SQLite file. A reader, who
may not write, finds the files in the home without changing anything.
"""

import sqlite3
from pathlib import Path
from urllib.parse import unquote, urlsplit

from training.registry.sqlite_file import transaction

ARTIFACTS = "artifacts"
"""The folder of files within a home."""
ADDRESSES = {
    "experiments": ("artifact_location",),
    "runs": ("artifact_uri",),
    "logged_models": ("artifact_location",),
    "model_versions": ("source", "storage_location"),
}
"""The columns of MLflow's tables that hold addresses of files."""


def address_here(address: str, artifacts: Path | None) -> str:
    """Return where the files of a stored address are: within `artifacts` if they are there, else where it says.

    Parameters
    ----------
    address : str
        For instance `file:///old/home/artifacts/regulars/<run>/artifacts`.
    artifacts : Path or None
        The folder of files of the home that was opened; None where a server has them.
    """
    path = local_path(address)
    if artifacts is None or path is None:
        return address
    for depth, name in enumerate(path.parts):
        here = artifacts.joinpath(*path.parts[depth + 1 :])
        if name == ARTIFACTS and depth + 1 < len(path.parts) and here.exists():
            return here.as_uri()
    return address


def adopt_files(database: Path, artifacts: Path) -> None:
    """Change the addresses in MLflow's SQLite file that lead into another home to `artifacts`, in one transaction.

    An address is left alone where its files are there and not here: somebody chose another place for them.

    Raises
    ------
    sqlite3.Error
        When the database cannot be written, even if nothing is to be changed.
    """
    with transaction(database) as connection:
        for name, old in connection.execute("SELECT name, artifact_location FROM experiments").fetchall():
            here, there = artifacts / name, local_path(old or "")
            if there is None or there == here or there.parts[-2:] != (ARTIFACTS, name):
                continue
            if here.exists() or not there.exists():
                _change_addresses(connection, old, here.as_uri())


def _change_addresses(connection: sqlite3.Connection, old: str, new: str) -> None:
    """Replace the start of every address that is `old` or within it."""
    for table, columns in ADDRESSES.items():
        for column in columns:
            connection.execute(
                f"UPDATE {table} SET {column} = :new || substr({column}, length(:old) + 1) "
                f"WHERE {column} = :old OR substr({column}, 1, length(:old) + 1) = :old || '/'",
                {"old": old, "new": new},
            )


def local_path(address: str) -> Path | None:
    """Return the path of an address on this machine; None for any other."""
    parts = urlsplit(address)
    if parts.scheme == "file" and not parts.netloc:
        return Path(unquote(parts.path))
    return Path(address) if address.startswith("/") else None
