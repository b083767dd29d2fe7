"""The customers' table: checked row by row, with its history, and known from the moment of its record."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.erasure.suppression import Suppression, read_suppression
from features.errors import SourceError, StoreError
from features.ingestion.ingest import ingest
from features.store.generations import locked
from planning.customers.customers_table import (
    QUARANTINE_FILE,
    CustomersSummary,
    update_customers,
)
from planning.customers.known_customers import TABLE_FILE, customers_at
from tests.planning.record_plans import csv_of

READ = "2026-11-01"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    log = tmp_path / "log.csv"
    log.write_text("customer_id,event_time,event_type,amount\nc1,2026-10-01,purchase,5\nc2,2026-10-01,purchase,5\n")
    ingest(log, tmp_path / "store")
    return tmp_path / "store"


def update(store: Path, *rows: dict[str, object], at: str = READ) -> CustomersSummary:
    found = update_customers(store, csv_of(store.parent / "customers.csv", *rows), at)
    assert found.rows_in == found.new + found.changed + found.unchanged + found.superseded + found.quarantined
    return found


def test_every_column_comes_out(store: Path) -> None:
    """Lists, places, attributes as numbers where they are; who has no events is kept and counted."""
    row = {"customer_id": "c1", "rep": "R1", "territory": "north", "latitude": 52.5, "longitude": "13,4"}
    row |= {"opted_out": "email; phone", "preferred_channel": "phone", "hours": "Mon-Fri 09:00-12:00", "needs": "a;b"}
    found = update(store, row | {"limit": 7, "tier": "gold"}, {"customer_id": "c9", "rep": "R2", "limit": 2.5})
    assert (found.new, found.customers, found.without_events, found.reps, found.opted_out) == (2, 2, 1, 2, 1)
    table = customers_at(store, "2026-11-02")
    assert table is not None
    first = table.loc["c1"]
    assert (first["rep"], first["territory"], first["latitude"], first["longitude"]) == ("R1", "north", 52.5, 13.4)
    assert (first["opted_out"], first["needs"]) == (["email", "phone"], ["a", "b"])
    assert (first["preferred_channel"], first["hours"], first["tier"]) == ("phone", "Mon-Fri 09:00-12:00", "gold")
    assert table["limit"].tolist() == [7, 2.5]
    assert table.loc["c9", "opted_out"] == []


def test_the_same_file_twice_changes_nothing(store: Path) -> None:
    """To the byte, and whenever it is read."""
    rows = [{"customer_id": "c1", "rep": "R1"}, {"customer_id": "c2", "rep": "R2", "recorded_at": "2026-10-20"}]
    update(store, *rows)
    before = (store / TABLE_FILE).read_bytes()
    assert update(store, *rows, at="2026-12-01").unchanged == 2
    assert (store / TABLE_FILE).read_bytes() == before


def test_an_opt_out_stops_later_plans_and_changes_no_earlier_one(store: Path) -> None:
    """Known from its record on; a list of opt-outs alone keeps everything else."""
    update(store, {"customer_id": "c1", "rep": "R1", "tier": "gold"})
    earlier = customers_at(store, "2026-11-10")
    found = update(
        store, {"customer_id": "c1", "opted_out_email": "yes", "recorded_at": "2026-11-10 09:00"}, at="2026-11-20"
    )
    assert (found.changed, found.opted_out) == (1, 1)
    pd.testing.assert_frame_equal(customers_at(store, "2026-11-10"), earlier)
    later = customers_at(store, "2026-11-10T09:00:01")
    assert later is not None
    assert later.loc["c1", "opted_out"] == ["email"]
    assert (later.loc["c1", "rep"], later.loc["c1", "tier"]) == ("R1", "gold")


def test_an_opt_out_without_a_time_counts_at_once(store: Path) -> None:
    """At every cutoff, while other changes without a time are known from their reading on."""
    update(store, {"customer_id": "c1", "rep": "R1"})
    update(store, {"customer_id": "c1", "rep": "R2", "opted_out": "all"}, at="2026-11-20")
    before, after = customers_at(store, "2026-11-15"), customers_at(store, "2026-11-21")
    assert before is not None
    assert after is not None
    assert (before.loc["c1", "rep"], after.loc["c1", "rep"]) == ("R1", "R2")
    assert "email" in before.loc["c1", "opted_out"]
    assert before.loc["c1", "opted_out"] == after.loc["c1", "opted_out"]
    ended = {"customer_id": "c1", "opted_out": "none"}
    found = update(store, ended, {"customer_id": "c2", "opted_out": "email"}, at="2026-11-25")
    assert found.lifted == len(before.loc["c1", "opted_out"])
    again = customers_at(store, "2026-11-26")
    assert again is not None
    assert again["opted_out"].to_dict() == {"c1": [], "c2": ["email"]}


def test_an_opt_out_holds_until_a_row_says_otherwise(store: Path) -> None:
    """A blank cell and a column of another channel keep it; a no ends that of its channel, and the time is kept."""
    update(store, {"customer_id": "c1", "opted_out": "email;phone"}, at="2026-11-01")
    for day, (row, left, lifted) in enumerate(
        [
            ({"opted_out": "", "rep": "R2"}, ["email", "phone"], 0),
            ({"opted_out_coupon": "no"}, ["email", "phone"], 0),
            ({"opted_out_phone": "no"}, ["email"], 1),
            ({"opted_out_coupon": "yes"}, ["coupon", "email"], 0),
            ({"opted_out": "coupon"}, ["coupon"], 1),
            ({"opted_out": "[]"}, [], 1),
        ],
        2,
    ):
        assert update(store, {"customer_id": "c1", **row}, at=f"2026-11-{day:02d}").lifted == lifted
        table = customers_at(store, "2026-11-20")
        assert table is not None
        assert table.loc["c1", "opted_out"] == left
        assert table.loc["c1", "recorded_at"] == pd.Timestamp(f"2026-11-{day:02d}", tz="UTC")
    assert table.loc["c1", "not_opted_out"]["phone"] == pd.Timestamp("2026-11-07", tz="UTC")
    then = customers_at(store, "2026-11-06")
    assert then is not None
    assert then.loc["c1", "not_opted_out"]["phone"] == pd.Timestamp("2026-11-04", tz="UTC")


def test_a_table_of_before_explicit_permissions_is_read(store: Path) -> None:
    """Nobody has said in it that an opt-out does not hold."""
    update(store, {"customer_id": "c1", "opted_out": "email"})
    pq.write_table(pq.read_table(store / TABLE_FILE).drop_columns("not_opted_out"), store / TABLE_FILE)
    table = customers_at(store, "2026-11-20")
    assert table is not None
    assert (table.loc["c1", "opted_out"], table.loc["c1", "not_opted_out"]) == (["email"], {})
    assert update(store, {"customer_id": "c1", "rep": "R1"}).changed == 1


def test_of_two_rows_of_a_file_the_later_counts(store: Path) -> None:
    """Unless they are of different times, which are two versions."""
    assert update(store, {"customer_id": "c1", "rep": "R1"}, {"customer_id": "c1", "rep": "R2"}).superseded == 1
    rows = [{"customer_id": "c2", "rep": f"R{day}", "recorded_at": f"2026-10-0{day}"} for day in (2, 1)]
    found = update(store, *rows)
    assert (found.new, found.changed) == (1, 1)
    for cutoff, rep in (("2026-10-02", "R1"), ("2026-10-03", "R2")):
        table = customers_at(store, cutoff)
        assert table is not None
        assert table.loc["c2", "rep"] == rep


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"customer_id": ""}, "customer_id", "is empty"),
        ({"latitude": 91, "longitude": 0}, "latitude", "is out of range"),
        ({"latitude": 9}, "longitude", "is empty"),
        ({"opted_out": "fax"}, "opted_out", "has 'fax': expected face_to_face"),
        ({"opted_out_email": "perhaps"}, "opted_out_email", "is neither yes nor no"),
        ({"opted_out_fax": "yes"}, "opted_out_fax", "is unknown"),
        ({"opted_out": "none;email"}, "opted_out", "has 'none' beside others"),
        ({"opted_out": "email", "opted_out_email": "no"}, "opted_out_email", "contradicts another column"),
        ({"preferred_channel": "fax"}, "preferred_channel", "is unknown"),
        ({"hours": "mornings"}, "hours", "has 'mornings': expected hours like"),
        ({"recorded_at": "soon"}, "recorded_at", "is no time"),
        ({"recorded_at": "2027-01-01"}, "recorded_at", "is in the future"),
    ],
)
def test_a_faulty_row_is_quarantined(cells: dict[str, object], column: str, reason: str, store: Path) -> None:
    """With its reason, beside the valid ones; a file without any valid row changes nothing."""
    bad = {"customer_id": "c1", "rep": "R1"} | cells
    found = update(store, bad, {"customer_id": "c2", "rep": "R2"})
    assert (found.quarantined, found.customers) == (1, 1)
    [text] = found.reasons
    assert text.startswith(f"{column} {reason}")
    assert pd.read_csv(store / QUARANTINE_FILE)["column"].tolist() == [column]
    before = (store / TABLE_FILE).read_bytes()
    with pytest.raises(SourceError, match="has no valid row"):
        update(store, bad)
    assert (store / TABLE_FILE).read_bytes() == before


def test_the_quarantine_is_mended_and_read_again(store: Path) -> None:
    """Attributes may be called like its own columns; another file in between leaves it."""
    bad = {"customer_id": "c1", "value": "high", "source": "fair", "opted_out": "emial"}
    assert update(store, bad, {"customer_id": "c2", "rep": "R2"}).quarantined == 1
    assert update_customers(store, csv_of(store / "new.csv", {"customer_id": "c1", "rep": "R1"}), READ).kept == 1
    path = store / QUARANTINE_FILE
    path.write_text(path.read_text(encoding="utf-8-sig").replace("emial", "email"))
    mended = update_customers(store, path, READ)
    assert (mended.quarantined, mended.changed, mended.quarantine) == (0, 1, None)
    table = customers_at(store, None)
    assert table is not None
    assert table.loc["c1", ["value", "source", "rep"]].tolist() == ["high", "fair", "R1"]
    assert table.loc["c1", "opted_out"] == ["email"]


@pytest.mark.parametrize("name", ["Opted_Out", "opted out", "opt_out", "optout", "Opted-out_email", "Rep"])
def test_a_column_that_may_mean_another_is_refused(name: str, store: Path) -> None:
    """An opt-out is never kept as an attribute for the spelling of its column."""
    with pytest.raises(SourceError, match=f"has the column '{name}', which may mean"):
        update(store, {"customer_id": "c1", name: "email"})
    assert not (store / TABLE_FILE).exists()


def test_there_must_be_a_store_and_a_column(store: Path, tmp_path: Path) -> None:
    """One line each; without a table nothing is known."""
    assert customers_at(store, READ) is None
    with pytest.raises(SourceError, match="has no column customer_id: expected customer_id, rep"):
        update(store, {"id": "c1"})
    with pytest.raises(StoreError, match="holds no event store"):
        update_customers(tmp_path / "none", csv_of(tmp_path / "c.csv", {"customer_id": "c1"}), READ)
    (store / TABLE_FILE).write_text("x")
    with pytest.raises(SourceError, match="cannot be read"):
        customers_at(store, READ)


def test_nobody_is_erased_between_reading_the_list_and_writing(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that were read before an erasure would be written after it."""

    def read(folder: Path) -> Suppression:
        with pytest.raises(StoreError, match="another process is writing"):
            locked(folder)
        return read_suppression(folder)

    monkeypatch.setattr("planning.customers.customers_table.read_suppression", read)
    assert update(store, {"customer_id": "c1", "rep": "R1"}).new == 1
