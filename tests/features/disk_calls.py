"""A record of what is flushed to disk and what is renamed, in order."""

import os
from pathlib import Path

import pytest


def recorded_disk_calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path]]:
    """Return a list that grows by ("fsync", file or folder) and ("replace", new path) as they are called."""
    calls: list[tuple[str, Path]] = []
    fsync, replace = os.fsync, os.replace

    def recorded_fsync(descriptor: int) -> None:
        calls.append(("fsync", Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def recorded_replace(source: Path, target: Path) -> None:
        replace(source, target)
        calls.append(("replace", Path(target)))

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "replace", recorded_replace)
    return calls
