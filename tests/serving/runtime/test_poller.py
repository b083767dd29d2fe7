"""Checks run in a thread that outlives their failures, and a file's stamp shows that it was written anew."""

import os
import threading
from pathlib import Path

from serving.runtime.poller import Poller, when_changed


def test_checks_outlive_a_failure_and_end_with_the_block() -> None:
    """A check that fails is logged, the others go on; after the block no thread is left."""
    events, done, twice = [], [], threading.Event()

    def fail() -> None:
        raise RuntimeError("no")

    def work() -> None:
        done.append(1)
        if len(done) >= 2:
            twice.set()

    before = threading.active_count()
    with Poller(0.01, lambda **fields: events.append(fields), fail, work):
        assert twice.wait(10)
    assert threading.active_count() <= before  # a thread of another test may end meanwhile
    assert events[0] == {"event": "round failed", "fault": "RuntimeError", "reason": "no"}


def test_a_change_of_a_file_is_noticed_once(tmp_path: Path) -> None:
    """The first check acts, and then another time, another inode, another size and a deletion do, each once."""
    file, other, acted = tmp_path / "file", tmp_path / "other", []
    check = when_changed(file, lambda: acted.append(1))

    def acts() -> bool:
        before = len(acted)
        check()
        return len(acted) > before

    assert (acts(), acts()) == (True, False)  # there is no file
    for text, time in (("one", 1), ("one", 2), ("longer", 2)):
        file.write_text(text)
        os.utime(file, ns=(time, time))
        assert (acts(), acts()) == (True, False), (text, time)
    other.write_text("longer")
    os.utime(other, ns=(2, 2))
    other.replace(file)
    assert (acts(), acts()) == (True, False)
    file.unlink()
    assert (acts(), acts()) == (True, False)
