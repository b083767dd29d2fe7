"""Copies of a home folder, consistent while fits write to it, and their restoration.

The database is copied first, in one transaction, and then the files that the copy names. Files of ended runs and of
registered versions never change, so the copy is the home as it was at that moment. Files without a row, of a fit that
registers later, stay out.
"""

import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from features.errors import TrackingError
from features.scratch_folders import scratch_folder
from training.models.bundle import BUNDLE, model_digest
from training.registry.moved_home import ARTIFACTS, address_here, local_path
from training.registry.sqlite_file import LOCK_SECONDS, copy_database

DATABASE = "mlflow.db"
ARCHIVES: dict[str, Literal["w", "w:gz"]] = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz"}
"""Endings of archives, with the mode to write them in; any other name is a folder."""
FILES = """
SELECT artifact_uri FROM runs UNION SELECT artifact_location FROM logged_models
UNION SELECT coalesce(storage_location, source) FROM model_versions
"""
VERSIONS = """
SELECT v.version, coalesce(v.storage_location, v.source), t.value FROM model_versions v
JOIN model_version_tags t ON t.name = v.name AND t.version = v.version AND t.key = 'digest' ORDER BY v.version
"""


@dataclass(frozen=True)
class HomeContent:
    """What a copy of a home holds: how many runs and versions, and which versions have their files elsewhere."""

    runs: int
    versions: int
    elsewhere: tuple[int, ...]


def back_up(home: Path, target: Path) -> HomeContent:
    """Copy the database and the files it names to a new folder, or to an archive (.tar, .tar.gz, .tgz).

    The copy is there whole or not at all.

    Raises
    ------
    TrackingError
        When there is no home, something is at the target already, or a version's files are not what was registered.
    """
    if not (home / DATABASE).is_file():
        raise TrackingError(f"no home in {home}: there is no {DATABASE}; name another with --home")
    if target.exists() or target.is_symlink():
        raise TrackingError(f"there is something at {target} already: name a new file or folder")
    with scratch_folder(target.absolute().parent, f".{target.name}.", ".part") as scratch:
        copy = scratch / "home"
        copy.mkdir()
        try:
            copy_database(home / DATABASE, copy / DATABASE)
        except sqlite3.Error as error:
            raise TrackingError(_unreadable(home / DATABASE, error)) from error
        artifacts = home.resolve() / ARTIFACTS
        for address in _rows(copy, FILES):
            folder = local_path(address_here(str(address[0]), artifacts))
            if folder and folder.is_relative_to(artifacts) and folder.is_dir():
                here = copy / ARTIFACTS / folder.relative_to(artifacts)
                shutil.copytree(folder, here, dirs_exist_ok=True, ignore_dangling_symlinks=True)
        content = _check(copy, artifacts)
        mode = next((mode for ending, mode in ARCHIVES.items() if target.name.endswith(ending)), None)
        if mode is None:
            copy.rename(target)
        else:
            with tarfile.open(scratch / "archive", mode) as archive:
                for path in sorted(copy.iterdir()):
                    archive.add(path, path.name)
            (scratch / "archive").rename(target)
    return content


def restore(source: Path, home: Path) -> HomeContent:
    """Put a copy made by `back_up` in place as a home, which has no database yet.

    Raises
    ------
    TrackingError
        When there is a home already, the source is no copy of one, or its files are not whole.
    """
    if (home / DATABASE).exists() or (home / ARTIFACTS).exists():
        raise TrackingError(f"there is a home in {home} already: move it away, or name another with --home")
    if not source.exists():
        raise TrackingError(f"there is no backup at {source}: name the file or folder of `regulars home backup`")
    with scratch_folder(home.absolute(), f".{DATABASE}.", ".part") as scratch:
        copy = scratch / "home"
        try:
            if source.is_dir():
                shutil.copytree(source, copy)
            else:
                with tarfile.open(source) as archive:
                    archive.extractall(copy, filter="data")
        except (tarfile.TarError, EOFError) as error:
            raise TrackingError(f"{source} is no whole archive ({error}): take another backup") from error
        if not (copy / DATABASE).is_file():
            raise TrackingError(f"{source} is no backup of a home: there is no {DATABASE} in it")
        content = _check(copy, home.resolve() / ARTIFACTS)
        if (copy / ARTIFACTS).exists():
            (copy / ARTIFACTS).rename(home / ARTIFACTS)
        (copy / DATABASE).rename(home / DATABASE)  # last: without it there is no home
    return content


def _check(copy: Path, artifacts: Path) -> HomeContent:
    """Return what a copy holds; raises TrackingError unless the files of each version are what was registered."""
    with _readable(copy / DATABASE) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise TrackingError(f"{copy / DATABASE} is damaged: take another copy")
    elsewhere = []
    versions = _rows(copy, VERSIONS)
    for number, address, digest in versions:
        folder = local_path(address_here(str(address), copy / ARTIFACTS))
        if folder is None or not folder.is_relative_to(copy):
            original = local_path(address_here(str(address), artifacts))
            if original is not None and original.is_relative_to(artifacts):
                raise TrackingError(f"the files of version {number} are not in {artifacts}: restore them first")
            elsewhere.append(int(number))
        elif not (folder / "data" / BUNDLE).is_dir() or model_digest(folder / "data" / BUNDLE) != digest:
            raise TrackingError(f"the files of version {number} are not what was registered: restore them first")
    [(runs,)] = _rows(copy, "SELECT count(*) FROM runs")
    return HomeContent(int(runs), len(versions), tuple(elsewhere))


@contextmanager
def _readable(database: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(database, timeout=LOCK_SECONDS)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise TrackingError(_unreadable(database, error)) from error


def _unreadable(database: Path, error: sqlite3.Error) -> str:
    return f"{database} cannot be read ({error}): name another, or restore a copy"


def _rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with _readable(folder / DATABASE) as connection:
        return connection.execute(query).fetchall()
