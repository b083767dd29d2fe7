"""Checks run in a thread that outlives their failures, and a file's stamp shows that it was written anew."""

import os
import threading
from pathlib import Path

from serving.runtime.poller import Poller, file_stamp


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
    assert threading.active_count() == before
    assert events[0] == {"event": "round failed", "fault": "RuntimeError", "reason": "no"}


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    """Another time, another inode or another size gives another stamp; a missing file has none."""
    file = tmp_path / "file"
    assert file_stamp(file) is None
    file.write_text("one")
    os.utime(file, ns=(1, 1))
    first = file_stamp(file)
    assert file_stamp(file) == first
    os.utime(file, ns=(2, 2))
    touched = file_stamp(file)
    file.write_text("longer")
    os.utime(file, ns=(2, 2))
    longer = file_stamp(file)
    other = tmp_path / "other"
    other.write_text("longer")
    os.utime(other, ns=(2, 2))
    other.replace(file)
    assert len({first, touched, longer, file_stamp(file)}) == 4
