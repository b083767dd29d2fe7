"""The files of a job are whole or not there, whatever stops the writer."""

import os
from pathlib import Path

import msgspec
import pytest

from features.scratch_folders import lock_folder
from serving.jobs import job_folder
from serving.jobs.job_folder import CANCELLED, OUTCOME, Outcome, is_locked, read_outcome, write_whole
from tests.serving.conftest import NOW


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing beside it."""
    write_whole(tmp_path / "file", b"old")

    def fail(path: Path) -> None:
        raise OSError("no room")

    monkeypatch.setattr(job_folder, "fsync_path", fail)
    with pytest.raises(OSError, match="no room"):
        write_whole(tmp_path / "file", b"new")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("file", b"old")]


def test_no_folder_is_made_again(tmp_path: Path) -> None:
    """A job that was removed stays removed."""
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "gone" / "file", b"new")
    assert not (tmp_path / "gone").exists()
    assert not is_locked(tmp_path / "gone")


def test_a_cancelled_job_is_cancelled_though_its_worker_ended_it(tmp_path: Path) -> None:
    """Whoever asked for its end was told so."""
    assert read_outcome(tmp_path) is None
    for name, state in ((OUTCOME, "done"), (CANCELLED, "cancelled")):
        write_whole(tmp_path / name, msgspec.json.encode(Outcome(state, NOW)))
        found = read_outcome(tmp_path)
        assert found
        assert found.state == state


def test_a_lock_is_seen_and_ends_with_its_descriptor(tmp_path: Path) -> None:
    """Looking at it takes it from nobody."""
    assert not is_locked(tmp_path)
    lock = lock_folder(tmp_path)
    assert is_locked(tmp_path)
    assert is_locked(tmp_path)
    os.close(lock)
    assert not is_locked(tmp_path)
