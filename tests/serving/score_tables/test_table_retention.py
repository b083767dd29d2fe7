"""Scores of old cutoffs leave a table with their runs; the others stay, and can be looked up."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.errors import BatchScoresError
from serving.score_tables.table_address import TableAddress
from serving.score_tables.table_retention import prune_table
from serving.score_tables.table_writer import write_score_table
from tests.serving.score_tables.scored import score_file, select

EARLIEST = datetime(2024, 4, 30, 23, tzinfo=UTC)  # the midnight of 1 May in London


def test_old_cutoffs_leave(address: TableAddress, tmp_path: Path) -> None:
    """One of the moment itself stays; a check counts; a second time nothing is left to do."""
    with pytest.raises(BatchScoresError, match="no batch scores at"):
        prune_table(address, EARLIEST)
    for as_of in ("2024-03-01", "2024-04-30T23:59:59", "2024-05-01", "2024-06-01"):
        write_score_table(address, [[score_file(tmp_path / "s.parquet", ["a", "b"], as_of=as_of)]])
    assert prune_table(address, EARLIEST, check=True) == 4
    assert prune_table(address, EARLIEST) == 4
    assert prune_table(address, EARLIEST, check=True) == prune_table(address, EARLIEST) == 0
    assert len(select(address, "SELECT DISTINCT as_of FROM {table}")) == 2
