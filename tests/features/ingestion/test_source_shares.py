"""Shares of sources: every row in one of them, and the store of one machine however files are cut."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.ingestion.ingest import ingest
from features.ingestion.source_shares import source_shares
from features.simulate import Truth, write_log
from tests.features.ingestion.workers import contents, workers_here


@dataclass(frozen=True)
class Groups:
    """A source, as far as it is cut."""

    row_groups: tuple[int, ...]


@given(st.lists(st.lists(st.integers(0, 9), max_size=8).map(tuple), max_size=4), st.integers(1, 20))
def test_each_row_group_is_in_one_share(groups: list[tuple[int, ...]], rows: int) -> None:
    """In order; all but the last share of a source have enough rows, and none could do with a group less."""
    shares = source_shares([Groups(each) for each in groups], rows)  # type: ignore[misc]
    for number, sizes in enumerate(groups):
        cuts = [share.groups for share in shares if share.source == number]
        if cuts == [None]:
            assert sum(sizes[:-1]) < rows
            continue
        assert [group for cut in cuts if cut for group in cut] == list(range(len(sizes)))
        for cut in cuts[:-1]:
            assert cut
            assert sum(sizes[group] for group in cut) >= rows > sum(sizes[group] for group in list(cut)[:-1])
    assert [share.source for share in shares] == sorted(share.source for share in shares)


@pytest.mark.parametrize("rows", [1, 700, 2_000])
def test_a_file_cut_anywhere_gives_the_store_of_one_machine(
    rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row numbers of faulty rows, duplicates, counts and columns from the path are those of the whole file."""
    write_log(tmp_path / "log.parquet", truth=Truth(recorded_lag_days=10.0), customers=200, seed=5)
    log = pq.read_table(tmp_path / "log.parquet")
    numbers = np.arange(len(log)) % 900  # references come again, some with other amounts
    log = log.set_column(log.schema.get_field_index("reference"), "reference", pa.array([f"R{n}" for n in numbers]))
    ids = log["customer_id"].to_pylist()
    faulty = ["" if number % 50 == 7 else name for number, name in enumerate(ids)]
    log = log.set_column(0, "customer_id", pa.array(faulty)).drop_columns("content")
    (tmp_path / "shop=north").mkdir()
    pq.write_table(log, tmp_path / "shop=north" / "log.parquet", row_group_size=230)
    options: dict[str, Any] = {"buckets": 3, "map": {"content": "shop"}}
    here = ingest(tmp_path / "shop=north", tmp_path / "here", **options)
    monkeypatch.setattr("features.ingestion.distributed.source_shares", partial(source_shares, rows=rows))
    there = ingest(tmp_path / "shop=north", tmp_path / "there", workers=workers_here(), **options)
    assert here.quarantined
    assert here.duplicates
    assert there == here
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
