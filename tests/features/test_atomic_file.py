"""Atomic writes: a failure or a kill at any moment leaves what was there before."""

import hashlib
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from features.atomic_file import atomic_write, check_before_replacing, checked_before_replacing, file_digest
from features.errors import StoreError
from tests.features.disk_calls import recorded_disk_calls

KILLED = """
import os, signal, sys
from features.atomic_file import atomic_write
with atomic_write(sys.argv[1]) as part:
    part.write_text("half of the n")
    os.kill(os.getpid(), signal.SIGKILL)
"""

WAITS = """
import sys
from features.atomic_file import atomic_write
with atomic_write(sys.argv[1]) as part:
    part.write_text("half")
    print("half", flush=True)
    sys.stdin.read()
    part.write_text("half and whole")
"""


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    """Until the block ends a reader sees no file, then all of it; its folder is made, nothing else stays in it."""
    path = tmp_path / "deep" / "down" / "out.txt"
    with atomic_write(path) as part:
        part.write_text("new")
        assert part.parent.parent == path.parent  # on the same disk
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
    left = {each.name for each in tmp_path.iterdir()} - {"out.txt"}
    assert len(left) == 1
    with atomic_write(tmp_path / "out") as part:  # another file, though its name begins alike
        part.write_text("new")
    assert {each.name for each in tmp_path.iterdir()} == {"out", "out.txt"} | left
    with atomic_write(path) as part:
        part.write_text("new")
    assert {each.name for each in tmp_path.iterdir()} == {"out", "out.txt"}
    assert path.read_text() == "new"


def test_what_another_process_is_writing_is_no_leftover(tmp_path: Path) -> None:
    """Two processes write one file at once: both end, and the last one wins."""
    path = tmp_path / "out.txt"
    command = [sys.executable, "-c", WAITS, str(path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "half\n"
        for name in ("[out].txt", "out.txt"):
            with atomic_write(tmp_path / name) as part:
                part.write_text("first")
        assert path.read_text() == "first"
        other.communicate()
        assert other.returncode == 0
    assert path.read_text() == "half and whole"
    assert {each.name for each in tmp_path.iterdir()} == {"[out].txt", "out.txt"}


@pytest.mark.parametrize("name", ["[a-z]?*.txt", "ü" * 100, ".hidden"])
def test_leftovers_are_recognised_whatever_the_name(tmp_path: Path, name: str) -> None:
    """Characters with a meaning in patterns, long names and hidden files; files of others stay."""
    ours = {f".{name}.d", f".{name}.12345678.part.old"}
    for each in ours:
        (tmp_path / each).mkdir()
    (tmp_path / f".{name}.12345678.part").mkdir()
    with atomic_write(tmp_path / name) as part:
        part.write_text("new")
    assert {each.name for each in tmp_path.iterdir()} == {name} | ours


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A path that is a folder is an error, and the folder stays as it is."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError, match="folder"), atomic_write(folder) as part:
        part.write_text("new")
    assert list(tmp_path.iterdir()) == [folder]


def test_the_file_is_flushed_before_the_rename_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash of the machine after the block leaves the new file whole under its name."""
    calls = recorded_disk_calls(monkeypatch)
    with atomic_write(tmp_path / "out.txt") as part:
        part.write_text("new")
        assert calls == []
    assert calls == [("fsync", part), ("replace", tmp_path / "out.txt"), ("fsync", tmp_path)]


def test_threads_may_write_to_one_path_at_once(tmp_path: Path) -> None:
    """Two threads with 200 writes each: none fails, every read finds a whole file, nothing else is left."""
    path = tmp_path / "out.txt"

    def write(text: str) -> None:
        for _ in range(200):
            with atomic_write(path) as part:
                part.write_text(text)
            assert path.read_text() in {"first" * 100, "second" * 100}

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ["first" * 100, "second" * 100]))
    assert list(tmp_path.iterdir()) == [path]


def test_processes_of_one_id_do_not_share_a_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers on one volume may all have process id 1."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with atomic_write(tmp_path / "out.txt") as first, atomic_write(tmp_path / "out.txt") as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")


def test_permissions_are_those_of_a_new_file(tmp_path: Path) -> None:
    """The umask holds as for a plain open; a block may set narrower permissions."""
    umask = os.umask(0o027)
    try:
        with atomic_write(tmp_path / "plain.txt") as part:
            part.write_text("new")
        with atomic_write(tmp_path / "private.txt") as part:
            part.touch(mode=0o600)
    finally:
        os.umask(umask)
    assert (tmp_path / "plain.txt").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "private.txt").stat().st_mode & 0o777 == 0o600


def test_a_digest_is_the_sha_256_of_the_bytes(tmp_path: Path) -> None:
    """Whatever the file is called."""
    (tmp_path / "a").write_bytes(b"abc")
    assert file_digest(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_a_check_may_refuse_at_the_last_moment(tmp_path: Path) -> None:
    """In threads too; the old file stays, and after the block nothing is refused any more."""

    def refuse() -> None:
        raise StoreError("not now")

    def write() -> None:
        with atomic_write(tmp_path / "out.txt") as part:
            part.write_text("new")

    (tmp_path / "out.txt").write_text("old")
    with checked_before_replacing(refuse), ThreadPoolExecutor(1) as threads:
        for call in (write, lambda: threads.submit(write).result(), check_before_replacing):
            with pytest.raises(StoreError, match="not now"):
                call()
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]
    assert (tmp_path / "out.txt").read_text() == "old"
    write()
    assert (tmp_path / "out.txt").read_text() == "new"
