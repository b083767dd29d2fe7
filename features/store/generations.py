"""The generations of a store: what it was before its last changes, and the way back.

Each data folder keeps the manifest of the time when it was the store. A folder without one was never finished.
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from features.atomic_file import atomic_write, fsync_path
from features.errors import StoreError
from features.store.event_store import read_manifest

MANIFEST = "manifest.json"


def locked(path: Path, wait_seconds: float = 0.0) -> IO[str]:
    """Return a file that holds the path for one writer until it is closed or the process ends; makes the folder.

    Another writer is waited for as long as `wait_seconds`; raises StoreError after that.
    """
    if path.exists() and not path.is_dir():
        raise StoreError(f"{path} is a file: name a folder for the store")
    path.mkdir(parents=True, exist_ok=True)
    lock = (path / ".lock").open("w")
    until = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() >= until:
                lock.close()
                raise StoreError(f"another process is writing to {path}: wait for it, or name another folder") from None
        time.sleep(0.02)


def generations(path: str | Path) -> list[dict[str, Any]]:
    """Return the manifests of the generations that a store has, the latest first.

    The present one is that which `read_manifest` returns; after a rollback it is not the first.
    """
    return _sorted(Path(path), read_manifest(Path(path)))


def generations_before(path: Path) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Return the present manifest and all generations; of a manifest that is damaged or missing, None and the others.

    A store whose manifest cannot be read is mended by writing the next generation.
    """
    try:
        present = read_manifest(path)
    except StoreError:
        present = None
    return present, _sorted(path, present)


def _sorted(path: Path, present: dict[str, Any] | None) -> list[dict[str, Any]]:
    manifests = _manifests(path, present)
    # An erasure that was killed before its end leaves both: the present generation stays until it is replaced, another
    # one is replaced as soon as the new one is whole.
    replaced = {manifest.get("replaces") for manifest in manifests}
    ongoing = present["folder"] if present else None
    kept = [
        manifest
        for manifest in manifests
        if manifest is present
        or (manifest["folder"] not in replaced and (ongoing is None or manifest.get("replaces") != ongoing))
    ]
    return sorted(kept, key=generation_number, reverse=True)


def _manifests(path: Path, present: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the present manifest, and that of each other data folder."""
    manifests = [] if present is None else [present]
    for folder in path.glob("events-*"):
        try:
            manifest = json.loads((folder / MANIFEST).read_text())
        except (OSError, ValueError):
            continue
        if present is None or folder.name != present["folder"]:
            manifests.append(manifest)
    return manifests


def generation_number(manifest: Mapping[str, Any]) -> int:
    """Return the number of a generation; stores of schema 1 have none and count as 0."""
    return int(manifest.get("generation", 0))


def put_in_place(path: Path, manifest: Mapping[str, Any], keep: int) -> None:
    """Make a finished data folder the store, in one step, and remove generations beyond the latest `keep`."""
    present, _ = generations_before(path)
    # A store of schema 1 has no manifest in its folder, which would then count as never finished.
    if present is not None and not (path / present["folder"] / MANIFEST).exists():
        _write(path / present["folder"] / MANIFEST, present)
    _write(path / manifest["folder"] / MANIFEST, manifest)
    _write(path / MANIFEST, manifest)
    kept = {each["folder"] for each in generations(path)[:keep]} | {manifest["folder"]}
    for folder in path.glob("events-*"):
        if folder.name not in kept:
            _remove(folder)


def replace_generation(path: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Put a finished data folder in the place of a generation, the present one or an earlier one, and remove that.

    The new manifest names the old folder under `replaces`, so that after a kill the next writer ends what was begun.
    It keeps the time of the old one: the generation is as old as it was.
    """
    new = {**new, "replaces": old["folder"]}
    _write(path / new["folder"] / MANIFEST, new, written_at(path, old))
    _end_replacement(path, new)


def written_at(path: Path, manifest: Mapping[str, Any]) -> float:
    """Return when a generation was written, in seconds since 1970: the time of the manifest in its folder."""
    of_folder = path / manifest["folder"] / MANIFEST
    return (of_folder if of_folder.exists() else path / MANIFEST).stat().st_mtime


def remove_generation(path: Path, manifest: Mapping[str, Any]) -> None:
    """Remove a generation that is not the present one; the caller holds the lock."""
    _remove(path / manifest["folder"])


def _end_replacement(path: Path, new: Mapping[str, Any]) -> None:
    if read_manifest(path)["folder"] == new["replaces"]:
        _write(path / MANIFEST, new)
    _remove(path / new["replaces"])


def _remove(folder: Path) -> None:
    # The manifest goes first: what is removed in part is then no generation to go back to.
    (folder / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def remove_unfinished(path: Path) -> None:
    """Remove data folders that a killed writer left half written or half removed; the caller holds the lock."""
    present, _ = generations_before(path)
    for manifest in _manifests(path, present) if present is not None else ():
        if "replaces" in manifest and (path / manifest["replaces"]).is_dir():
            _end_replacement(path, manifest)
    present, _ = generations_before(path)
    if present is None and (path / MANIFEST).exists():
        return  # of schema 1 the present folder has no manifest either
    for folder in path.glob("events-*"):
        if (present is None or folder.name != present["folder"]) and not (folder / MANIFEST).exists():
            shutil.rmtree(folder, ignore_errors=True)


def rollback(path: str | Path, number: int | None = None) -> dict[str, Any]:
    """Go back to an earlier generation; later ones stay until they are removed in their turn.

    Parameters
    ----------
    path : str or Path
        The folder of the store.
    number : int, optional
        The generation; without it the one that the present one was made of.

    Returns
    -------
    dict
        The manifest of the generation that is now the store.

    Raises
    ------
    StoreError
        When there is no such generation, or another process is writing to the store.
    """
    path = Path(path)
    read_manifest(path)  # so that no folder is made where there is no store
    with locked(path):
        manifest = read_manifest(path)
        present = generation_number(manifest)
        number = int(manifest.get("parent", -1)) if number is None else number
        others = [each for each in generations(path) if generation_number(each) != present]
        wanted = [each for each in others if generation_number(each) == number]
        if not wanted:
            there = ", ".join(str(generation_number(each)) for each in others) or "none"
            what = f"generation {number}" if number >= 0 else "an earlier one"
            raise StoreError(f"{path} is at generation {present} and has not {what}: there are {there} besides")
        _write(path / MANIFEST, wanted[0])
        return wanted[0]


def _write(file: Path, manifest: Mapping[str, Any], seconds: float | None = None) -> None:
    with atomic_write(file) as part:
        part.write_text(json.dumps(manifest, indent=2))
        if seconds is not None:
            os.utime(part, (seconds, seconds))
    fsync_path(file.parent)
