"""Memory of tables is used again, and never while somebody keeps one."""

from pathlib import Path

import numpy as np
import pandas as pd

from features.engines.feature_table import feature_chunks, feature_table
from features.engines.reused_memory import ReusedMemory
from features.ingestion.ingest import ingest
from features.simulate import write_log
from features.store.event_store import open_store
from tests.features.logs import same_bits

DATES = ["2024-01-01", "2024-06-01", "2025-01-01", "2025-06-01"]


def test_a_block_is_given_again_once_nobody_has_it() -> None:
    """Not while a matrix, a row, a frame or a slice of one is there."""
    memory = ReusedMemory()
    first = memory.matrix(10, 4)
    first[:] = 1
    for keep in (first, first[2], pd.DataFrame(first, copy=False).iloc[3:5]):
        second = memory.matrix(10, 4)
        second[:] = 2
        assert np.asarray(keep).min() == 1
    address = first.ctypes.data
    del first, keep, second
    assert memory.matrix(3, 4).ctypes.data == address
    assert memory.matrix(30, 4).shape == (30, 4)


def test_tables_that_are_kept_stay(tmp_path: Path) -> None:
    """Those of all dates and chunks, in one bucket or several, and those of two generators at once."""
    write_log(tmp_path / "log.parquet", customers=200, seed=3)
    for buckets in (1, 3):
        ingest(tmp_path / "log.parquet", tmp_path / str(buckets), buckets=buckets)
        store = open_store(tmp_path / str(buckets))
        kept = list(zip(feature_chunks(store, DATES, 280), feature_chunks(store, DATES, 280), strict=True))
        for place, as_of in enumerate(DATES):
            for number in (0, 1):
                tables = [each[number][1] for each in kept[place :: len(DATES)]]
                same_bits(pd.concat(tables), feature_table(store, as_of))


def test_memory_serves_all_dates(tmp_path: Path) -> None:
    """Tables that are let go at once need two blocks: that of the chunk in hand, at all dates, and the next."""
    write_log(tmp_path / "log.parquet", customers=200, seed=3)
    ingest(tmp_path / "log.parquet", tmp_path / "store")
    blocks, tables = set(), 0
    for _, table in feature_chunks(open_store(tmp_path / "store"), sorted(DATES, reverse=True) * 3, chunk=600):
        block = table.to_numpy()
        while block.base is not None:
            block = block.base
        blocks.add(block.ctypes.data)
        tables += 1
        del block
    assert tables == 4 * 12
    assert len(blocks) == 2
