"""Whole files: a failure or a kill at any moment leaves what was there before."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from features.atomic_file import atomic_write

KILLED = """
import os, signal, sys
from features.atomic_file import atomic_write
with atomic_write(sys.argv[1]) as part:
    part.write_text("half of the n")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    """Until the block ends a reader sees no file, then all of it; its folder is made, nothing else stays in it."""
    path = tmp_path / "deep" / "down" / "out.txt"
    with atomic_write(path) as part:
        part.write_text("new")
        assert part.parent == path.parent
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_is_replaced_when_the_new_one_is_whole(tmp_path: Path) -> None:
    """Until the block ends a reader sees the old file."""
    path = tmp_path / "out.txt"
    path.write_text("old")
    with atomic_write(str(path)) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    """An exception in the block passes through; the old file stays, and no part of the new one."""
    path = tmp_path / "out.txt"
    path.write_text("old")

    def fail() -> None:
        with atomic_write(path) as part:
            part.write_text("half of the n")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_kill_leaves_the_old_file(tmp_path: Path) -> None:
    """A process killed in the block, which can tidy nothing, leaves the old file whole."""
    path = tmp_path / "out.txt"
    path.write_text("old")
    root = Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=root, check=False)
    assert found.returncode == -signal.SIGKILL
    assert path.read_text() == "old"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A path that is a folder is an error, and the folder stays as it is."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError, match="folder"), atomic_write(folder) as part:
        part.write_text("new")
    assert list(tmp_path.iterdir()) == [folder]
