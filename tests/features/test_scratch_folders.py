"""Scratch folders go with their process, however it ends."""

import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from features.scratch_folders import process_scratch, remove_leftovers, scratch_folder

ROOT = Path(__file__).parents[2]
HOLDS = """
import sys, tempfile
from pathlib import Path
from features.scratch_folders import process_scratch, scratch_folder
with scratch_folder(sys.argv[1]) as folder:
    (folder / "half").write_text("half")
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_a_folder_ends_with_its_block(tmp_path: Path) -> None:
    """It is empty, in the place asked for, which is made, and gone afterwards, also after an error."""
    with scratch_folder(tmp_path / "new") as folder:
        assert folder.parent == tmp_path / "new"
        assert list(folder.iterdir()) == []
        (folder / "deep").mkdir()
    assert list((tmp_path / "new").iterdir()) == []

    def fail() -> None:
        with scratch_folder(tmp_path / "new"):
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert list((tmp_path / "new").iterdir()) == []


def test_a_folder_of_a_killed_process_is_removed_and_one_in_use_is_not(tmp_path: Path) -> None:
    """The next process removes the leftover; as long as the process lives, its folder stays."""
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        with scratch_folder(tmp_path):
            assert (folder / "half").is_file()
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (folder / "half").is_file()
    (tmp_path / "ours").mkdir()
    with scratch_folder(tmp_path) as mine:
        assert {each.name for each in tmp_path.iterdir()} == {mine.name, "ours"}


def test_many_at_once_never_take_each_others(tmp_path: Path) -> None:
    """While others remove leftovers all the time, every folder is there until its block ends."""

    def used(number: int) -> bool:
        with scratch_folder(tmp_path) as folder:
            (folder / str(number)).touch()
            remove_leftovers(tmp_path)
            return [each.name for each in folder.iterdir()] == [str(number)]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(used, range(400)))
    assert list(tmp_path.iterdir()) == []


def test_temporary_files_of_libraries_and_children_go_there_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the block, `tempfile` and the processes started in it use the folder; afterwards all is as before."""
    monkeypatch.delenv("TMPDIR", raising=False)
    before = tempfile.gettempdir()
    with process_scratch() as folder:
        assert Path(tempfile.mkdtemp()).parent == folder
        child = [sys.executable, "-c", "import tempfile; print(tempfile.mkdtemp())"]
        made = subprocess.run(child, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        assert Path(made).parent == folder
    assert not folder.exists()
    assert "TMPDIR" not in os.environ
    assert tempfile.gettempdir() == before
