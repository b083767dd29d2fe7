"""What was known of customers at a cutoff: opt-outs without a time at every one, others from their time on."""

from pathlib import Path

import pytest

from features.ingestion.ingest import ingest
from planning.customers.customers_table import update_customers
from planning.customers.known_customers import customers_at, read_table
from tests.planning.record_plans import csv_of


@pytest.fixture
def store(tmp_path: Path) -> Path:
    log = tmp_path / "log.csv"
    log.write_text("customer_id,event_time,event_type,amount\nc1,2026-10-01,purchase,5\n")
    ingest(log, tmp_path / "store")
    return tmp_path / "store"


def opted_out(store: Path, as_of: str | None) -> list[str]:
    """What c1 has opted out of at a cutoff."""
    table = customers_at(store, as_of)
    assert table is not None
    return list(table.loc["c1", "opted_out"]) if "c1" in table.index else []


def update(store: Path, at: str, **cells: object) -> None:
    update_customers(store, csv_of(store.parent / "customers.csv", {"customer_id": "c1", **cells}), at)


def test_a_change_without_a_time_carries_no_dated_opt_out_back(store: Path) -> None:
    """The opt-out keeps the time of the row that brought it, however often other facts change."""
    update(store, "2026-11-01", rep="R1", recorded_at="2026-10-01")
    update(store, "2026-11-05", opted_out="email", recorded_at="2026-11-04")
    update(store, "2026-11-20", rep="R2")
    assert opted_out(store, "2026-11-03") == []
    assert opted_out(store, "2026-11-05") == opted_out(store, "2026-11-21") == ["email"]


def test_an_opt_out_without_a_time_counts_at_every_cutoff(store: Path) -> None:
    """Also after a dated change of something else, and until a row ends it."""
    update(store, "2026-11-01", rep="R1", recorded_at="2026-10-01")
    update(store, "2026-11-05", opted_out="email")
    update(store, "2026-11-20", rep="R2", recorded_at="2026-11-19")
    assert opted_out(store, "2026-10-15") == opted_out(store, None) == ["email"]
    update(store, "2026-11-25", opted_out="none")
    assert opted_out(store, "2026-10-15") == opted_out(store, None) == []


def test_without_a_cutoff_all_versions_count(store: Path) -> None:
    """Those recorded latest, whenever that is; a store without a table has none."""
    assert customers_at(store, None) is None
    assert len(read_table(store)) == 0
    update(store, "2026-11-01", rep="R1", recorded_at="2026-10-01")
    update(store, "2030-01-02", rep="R2", recorded_at="2030-01-01")
    before, latest = customers_at(store, "2029-01-01"), customers_at(store, None)
    assert before is not None
    assert latest is not None
    assert (before.loc["c1", "rep"], latest.loc["c1", "rep"]) == ("R1", "R2")
