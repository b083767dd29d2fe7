"""Columns on disk: all rows by customer in the order of the store, and sums that can be counted."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from features.engines.feature_table import feature_table
from features.errors import StoreError
from features.schema import AMOUNT_MAXIMUM
from features.store import column_writer
from features.store.column_writer import LARGEST_SUM, PackedBatch, check_sums, write_sorted_columns
from features.store.customer_ids import CustomerIdEncoder
from features.store.layout import EVENT_COLUMNS
from features.store.row_packing import pack_rows
from features.timezones import business_timezone
from tests.features.logs import KIND, Event, batch, shelved


def test_the_files_of_a_store(tmp_path: Path) -> None:
    """One file per column, the offsets and the ids; the rows of each customer are in order of time."""
    encoder = CustomerIdEncoder()
    events = [Event("b", 9, KIND["usage"]), Event("a", 7, KIND["purchase"], cents=5), Event("b", 3, KIND["usage"])]
    rows = batch(events, "UTC", records=False)
    packed = [PackedBatch(pack_rows(rows), encoder.codes(rows["customer_id"]), set())]
    facts = write_sorted_columns(tmp_path, packed, encoder, business_timezone("UTC"))
    assert packed == []
    assert np.load(tmp_path / "time.npy").tolist() == [7, 3, 9]
    assert np.load(tmp_path / "offsets.npy").tolist() == [0, 1, 3]
    assert {file.name for file in tmp_path.iterdir()} == {
        *(f"{name}.npy" for name in EVENT_COLUMNS),
        "offsets.npy",
        "customers.arrow",
    }
    assert facts == {
        "columns": list(EVENT_COLUMNS),
        "identity_columns": [],
        "events": 3,
        "customers": 2,
        "priced_events": 1,
        "first_time": 3,
        "last_time": 9,
    }


@pytest.mark.parametrize("block", [1, 2, 4096])
def test_customers_are_written_in_blocks(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many customers a block has, all are written."""
    monkeypatch.setattr(column_writer, "BLOCK_CUSTOMERS", block)
    store = shelved([batch([Event(f"c{at}", at, KIND["usage"]) for at in range(7)][::-1], "UTC")])
    assert store.columns["time"].tolist() == list(range(7))
    assert np.diff(store.offsets).tolist() == [1] * 7


def purchases(cents: int, count: int) -> list[pa.RecordBatch]:
    one = batch([Event("a", 5, KIND["usage"]), Event("rich", 5, KIND["purchase"], cents=cents)], "UTC")
    return [one] * count


def test_amounts_that_cannot_be_summed_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the limit on the store is refused rather than counted wrongly; a tenth of the amounts passes."""
    monkeypatch.setattr(column_writer, "LARGEST_SUM", 40 * int(AMOUNT_MAXIMUM * 100))
    largest = int(AMOUNT_MAXIMUM * 100)
    with pytest.raises(StoreError, match=r"amounts of customer 'rich' sum to 4e\+13, more than can be counted"):
        shelved(purchases(largest, 40))
    assert shelved(purchases(largest, 39)).n_events == 78
    table = feature_table(shelved(purchases(largest // 10, 40)), "1970-01-05")
    assert table["total_spend"].tolist() == [0, 4e12]


def test_the_limit_leaves_room_in_an_integer_of_64_bits() -> None:
    """50,000 times the largest amount is refused, a tenth of it passes; the message names customer and sum."""
    largest = int(AMOUNT_MAXIMUM * 100)
    assert np.iinfo(np.int64).max + 1 >= 2 * LARGEST_SUM
    ids, offsets = pa.array(["a", "rich"]), np.array([0, 1, 50_001])
    check_sums(np.r_[-1, np.full(50_000, largest // 10)], offsets, ids)
    with pytest.raises(StoreError, match=r"amounts of customer 'rich' sum to 5e\+16, more than can be counted"):
        check_sums(np.r_[-1, np.full(50_000, largest)], offsets, ids)
