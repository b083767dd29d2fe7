"""The folder of parts: old or new at any moment, nothing of others replaced, an interrupted run goes on."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from unittest.mock import patch

import pytest

from features.errors import TableFileError
from features.partitions.folder import StagedParts, content_of, date_folder, require_replaceable, staged_parts

CONTENT = {"verb": "features", "as_of": ["2024-06-10"]}


def write(folder: Path, text: str, content: dict[str, object] | None = None) -> None:
    """Write a result of one part."""
    with staged_parts(folder, {**CONTENT, **(content or {})}) as staged:
        part = date_folder(staged.folder, "2024-06-10") / "part-00000.parquet"
        part.parent.mkdir(exist_ok=True)
        part.write_text(text)
        staged.finish("part-00000", text)


def read(folder: Path) -> str:
    """Read it."""
    return (folder / "as_of=2024-06-10" / "part-00000.parquet").read_text()


@pytest.mark.parametrize("in_one_step", [True, False])
def test_a_rerun_replaces(tmp_path: Path, in_one_step: bool) -> None:
    """Nothing of the earlier result stays, nothing is beside it, also where folders cannot change places at once."""
    with nullcontext() if in_one_step else patch("ctypes.CDLL", lambda *_, **__: object()):
        for text in ("old", "new"):
            write(tmp_path / "out", text)
            assert read(tmp_path / "out") == text
            assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["_regulars.json", "as_of=2024-06-10"]
            assert content_of(tmp_path / "out") == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@contextmanager
def interrupted(folder: Path, content: dict[str, object]) -> Iterator[StagedParts]:
    """Begin a result that is interrupted at the end of the block."""
    with suppress(KeyboardInterrupt), staged_parts(folder, content) as staged:
        yield staged
        raise KeyboardInterrupt


def test_parts_that_are_done_stay_after_an_error(tmp_path: Path) -> None:
    """A run with the same content finds them, one with other content does not, and removes them at its end."""
    write(tmp_path / "out", "old")
    with interrupted(tmp_path / "out", CONTENT) as staged:
        staged.finish("bucket=000/part-00000", "7 rows")
    assert read(tmp_path / "out") == "old"
    with interrupted(tmp_path / "out", {**CONTENT, "as_of": []}) as staged:
        assert not staged.is_done("bucket=000/part-00000")
    with interrupted(tmp_path / "out", CONTENT) as staged:
        assert staged.summary("bucket=000/part-00000") == "7 rows"
        assert not staged.is_done("bucket=000/part-00001")
    write(tmp_path / "out", "new", {"data": "later"})
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_two_runs_do_not_write_the_same_result(tmp_path: Path) -> None:
    """The second is refused in one line; one of other content is not, and leaves the first alone."""
    with staged_parts(tmp_path / "out", CONTENT) as first:
        with pytest.raises(TableFileError, match=r"another run is writing .*out: wait for it, or name another folder"):
            write(tmp_path / "out", "second")
        write(tmp_path / "out", "other", {"as_of": []})
        assert first.folder.is_dir()
        first.finish("part-00000", "")
    assert content_of(tmp_path / "out") == CONTENT


def test_what_regulars_did_not_write_is_not_replaced(tmp_path: Path) -> None:
    """A folder with other files, and a file, are refused; an empty folder and none are not."""
    require_replaceable(tmp_path / "none")
    require_replaceable(tmp_path)
    (tmp_path / "note").touch()
    with pytest.raises(TableFileError, match="has files that no run of regulars wrote: name another folder"):
        require_replaceable(tmp_path)
    with pytest.raises(TableFileError, match=r"is no folder: name a folder, or end the name with \.parquet"):
        require_replaceable(tmp_path / "note")
    with pytest.raises(TableFileError, match="is no folder of results"):
        content_of(tmp_path)


def kill_at(step: int, folder: Path) -> Callable[[str, tuple[object, ...]], None]:
    """Kill this process at one of its operations on files in a folder."""
    operations = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal operations
        if event == "ctypes.call_function" or (event != "import" and str(folder) in str(arguments)):
            operations += 1
            if operations == step:
                os.kill(os.getpid(), signal.SIGKILL)

    return count


def test_after_a_kill_there_is_the_old_or_the_new(tmp_path: Path) -> None:
    """Whenever the process is killed: one whole result, and the next run leaves nothing of the killed one."""
    killed = 0
    for step in range(1, 40, 2):
        write(tmp_path / "out", "old")
        child = os.fork()
        if not child:
            sys.addaudithook(kill_at(step, tmp_path))
            write(tmp_path / "out", "new")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        assert read(tmp_path / "out") in ("old", "new")
        assert content_of(tmp_path / "out") == CONTENT
    assert killed > 3
    write(tmp_path / "out", "last")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
