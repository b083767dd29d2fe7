"""A pass over the buckets of a store holds the columns of one of them at a time."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from features.ingestion.ingest import ingest
from features.simulate import write_log
from features.store.event_store import open_store
from features.store.mapped_pages import buckets_in_turn


def resident(folder: Path, name: str = "time.npy") -> int:
    """How many kilobytes of files of this name in a folder are in the memory of this process."""
    maps = Path("/proc/self/smaps").read_text()
    sizes = re.findall(
        rf"^[^\n]* {re.escape(str(folder))}/[^\n]*{name}\n(?:\w+:[^\n]*\n)*?Rss: +(\d+) kB", maps, re.MULTILINE
    )
    return sum(int(each) for each in sizes)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_is_given_back_bucket_by_bucket(tmp_path: Path) -> None:
    """Of all but the bucket at hand nothing is held, and what is read again is the same."""
    write_log(tmp_path / "log.parquet", customers=400, seed=1)
    ingest(tmp_path / "log.parquet", tmp_path / "store", buckets=4)
    store = open_store(tmp_path / "store")
    before = [bucket.columns["time"].copy() for bucket in buckets_in_turn(store)]
    most = max(resident(tmp_path) for bucket in buckets_in_turn(store) if bucket.columns["time"].sum())
    assert 0 < most < sum(each.nbytes for each in before) / 1024
    assert resident(tmp_path) == 0
    for copied, bucket in zip(before, store.buckets, strict=True):
        np.testing.assert_array_equal(bucket.store.columns["time"], copied)
