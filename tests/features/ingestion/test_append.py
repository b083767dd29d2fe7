"""Adding to a store: pieces in any order, with repeats and corrections, make the store of one ingest of all."""

import csv
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.engines.feature_table import feature_table
from features.errors import FaultyRowsError, SourceError, StoreError
from features.ingestion.ingest import append, ingest
from features.ingestion.profile import SourceProfile
from features.store.event_store import EventStore, open_store
from features.store.generations import generations, rollback
from features.store.layout import TEXT_DTYPES
from features.store.text_codes import texts_of
from features.store.writer import write_store
from tests.features.logs import same_bits

ROOT = Path(__file__).parents[3]
COLUMNS = (
    "customer_id",
    "event_time",
    "event_type",
    "amount",
    "channel",
    "content",
    "outcome",
    "reference",
    "sale_reference",
    "recorded_at",
    "plan_item",
    "till",
)
START = datetime(2024, 1, 1, tzinfo=UTC)
Row = dict[str, Any]


def written(path: Path, rows: Iterable[Row]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def same_stores(one: EventStore, other: EventStore) -> None:
    """Assert that two stores hold the same events, and give the same features to the last bit."""
    assert one.customer_ids.to_pylist() == other.customer_ids.to_pylist()
    assert one.offsets.tolist() == other.offsets.tolist()
    assert list(one.columns) == list(other.columns)
    assert list(one.identity) == list(other.identity)
    for name, column in {**one.columns, **one.identity}.items():
        assert column.dtype == {**other.columns, **other.identity}[name].dtype
        assert np.array_equal(column, {**other.columns, **other.identity}[name]), name
    assert list(one.text_codes) == list(other.text_codes)
    assert rows_with_texts(one) == rows_with_texts(other)
    for as_of in ("2024-02-01", "2024-06-01"):
        same_bits(feature_table(one, as_of), feature_table(other, as_of))
    facts = ("digest", "events", "customers", "priced_events", "first_time", "last_time", "words", "rating_maximum")
    assert {name: one.manifest[name] for name in facts} == {name: other.manifest[name] for name in facts}


def rows_with_texts(store: EventStore) -> list[tuple[Any, ...]]:
    """Return every column of every event; codes of texts, and the order of events that differ in these, may vary."""
    customers = np.repeat(np.arange(store.n_customers), np.diff(store.offsets)).tolist()
    columns = [column.tolist() for column in {**store.columns, **store.identity}.values()]
    texts = [[text or "" for text in texts_of(store, name).to_pylist()] for name in TEXT_DTYPES]
    return sorted(zip(customers, *columns, *texts, strict=True))


@st.composite
def pieces_of_a_log(draw: st.DrawFn) -> list[list[Row]]:
    """Draw the weekly pieces of a log: some events corrected later, of which some in a later week."""
    weeks = draw(st.integers(1, 5))
    pieces: list[list[Row]] = [[] for _ in range(weeks)]
    for number in range(draw(st.integers(1, 14))):
        week = draw(st.integers(0, weeks - 1))
        time = START + timedelta(weeks=week, hours=draw(st.integers(0, 3)))
        row: Row = {"customer_id": draw(st.sampled_from("abcd")), "event_time": time.isoformat()}
        row["event_type"] = draw(st.sampled_from(["purchase", "purchase", "return", "visit", "incentive"]))
        row["amount"] = draw(st.sampled_from(["", "5", "7.5"]))
        if row["event_type"] == "visit":
            row["channel"] = draw(st.sampled_from(["phone", "email"]))
            row["outcome"] = "neutral"  # one without, before its own record, is a plan
            row["content"] = draw(st.sampled_from(["", "", "needs", "the new range"]))
        if row["event_type"] == "incentive":
            row["outcome"] = draw(st.sampled_from(["sent", "redeemed"]))
        if row["event_type"] in ("visit", "incentive", "return"):
            row["plan_item"] = draw(st.sampled_from(["", f"P{number}"]))
        if row["event_type"] == "return":
            row["sale_reference"] = draw(st.sampled_from(["", "r0", "r1", "r2", "r3"]))
        kind = draw(st.sampled_from(["plain", "twice", "referenced", "parts", "corrected"]))
        if kind in ("plain", "twice"):
            pieces[week] += [row] * (1 + (kind == "twice"))
            continue
        row["reference"] = f"r{draw(st.integers(0, 2)) if kind == 'corrected' else number}"
        if kind == "parts":
            pieces[week] += [
                row | {"till": till} for till in draw(st.lists(st.sampled_from("xy"), min_size=1, max_size=2))
            ]
            continue
        pieces[week].append(row)
        if kind == "corrected":
            for _ in range(draw(st.integers(1, 2))):
                later = draw(st.integers(week, weeks - 1))
                recorded = START + timedelta(weeks=later, hours=draw(st.integers(0, 30)))
                correction = {"amount": draw(st.sampled_from(["1", "2"])), "recorded_at": recorded.isoformat()}
                pieces[later].append(row | correction)
    return pieces


@settings(max_examples=25, deadline=None)
@given(pieces_of_a_log(), st.data())
def test_pieces_in_any_order_make_the_store_of_the_whole(pieces: list[list[Row]], data: st.DataObject) -> None:
    """With pieces that come twice, under another name or with rows of a neighbour, it is one ingest of all."""
    pieces = [piece for piece in pieces if piece]
    order = data.draw(st.permutations(range(len(pieces))))
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = [written(folder / f"week{n}.csv", piece) for n, piece in enumerate(pieces)]
        ingest(files, folder / "whole")
        ingest(files[order[0]], folder / "store", buckets=data.draw(st.sampled_from([1, 3])))
        for number in order[1:]:
            append(files[number], folder / "store")
        for number in data.draw(st.lists(st.sampled_from(order), max_size=3)):
            generation = open_store(folder / "store").manifest["generation"]
            rows = pieces[number] + pieces[data.draw(st.sampled_from(order))]
            again = (
                files[number]
                if data.draw(st.booleans())
                else written(folder / "again.csv", rows[: len(pieces[number])])
            )
            report = append(again, folder / "store")
            assert report.kept == 0
            assert open_store(folder / "store").manifest["generation"] == generation
        same_stores(open_store(folder / "store"), open_store(folder / "whole"))


WEEKS = 52


def weeks_of_a_shop() -> list[list[Row]]:
    """52 weeks of thirty customers: purchases with references, visits without, corrections of the two weeks before."""
    rng = np.random.default_rng(7)
    weeks: list[list[Row]] = []
    for week in range(WEEKS):
        rows: list[Row] = []
        for number in range(40):
            time = (START + timedelta(weeks=week, minutes=int(rng.integers(0, 7 * 24 * 60)))).isoformat()
            row: Row = {"customer_id": f"c{rng.integers(0, 30)}", "event_time": time}
            if number % 5:
                row |= {"event_type": "purchase", "amount": int(rng.integers(1, 90)), "reference": f"{week}-{number}"}
            else:
                row |= {"event_type": "visit", "channel": "phone"}
            rows.append(row)
        recorded = (START + timedelta(weeks=week, hours=3)).isoformat()
        for earlier in weeks[-2:]:
            sold = [row for row in earlier if row["event_type"] == "purchase" and "recorded_at" not in row]
            rows += [row | {"amount": 100 + week, "recorded_at": recorded} for row in sold[::6]]
        weeks.append(rows)
    return weeks


@pytest.mark.parametrize("buckets", [1, 3])
def test_a_year_of_weeks_in_any_order_is_the_year(buckets: int, tmp_path: Path) -> None:
    """52 files, some twice, some with rows of others: the store and its features are those of one ingest of all."""
    weeks = weeks_of_a_shop()
    files = [written(tmp_path / f"week{number}.csv", rows) for number, rows in enumerate(weeks)]
    ingest(files, tmp_path / "whole")
    order = np.random.default_rng(3).permutation(WEEKS).tolist()
    ingest(files[order[0]], tmp_path / "store", buckets=buckets)
    for place, number in enumerate(order[1:]):
        report = append(files[number], tmp_path / "store")
        assert report.rows_in == report.kept + report.duplicates + report.seen
        if place % 9 == 0:
            again = append(files[order[place]], tmp_path / "store")
            assert (again.rows_in, again.kept) == (0, 0)
            assert "was read before" in again.notes[0]
            mixed = written(tmp_path / "mixed.csv", weeks[order[place]][::2] + weeks[number][::3])
            assert append(mixed, tmp_path / "store").kept == 0
    same_stores(open_store(tmp_path / "store"), open_store(tmp_path / "whole"))
    assert len(open_store(tmp_path / "store").manifest["sources"]) == WEEKS


def test_equal_rows_of_one_file_are_kept_and_known_in_the_next(tmp_path: Path) -> None:
    """Two sales of one second may be two sales; the same two in the next file are those two."""
    sale: Row = {"customer_id": "a", "event_time": "2024-01-01", "event_type": "purchase", "amount": "5"}
    assert ingest(written(tmp_path / "a.csv", [sale]), tmp_path / "store").kept == 1
    report = append(written(tmp_path / "b.csv", [sale, sale, sale | {"amount": "6"}]), tmp_path / "store")
    assert (report.rows_in, report.kept, report.seen) == (3, 2, 1)
    assert report.warnings == [
        "1 rows without a reference are equal in full to another row of this addition and count again: if the source "
        "repeats rows, map its own ids as reference, or take the repeats out"
    ]
    assert open_store(tmp_path / "store").columns["cents"].tolist() == [500, 500, 600]


@pytest.mark.parametrize("buckets", [1, 3])
def test_equal_rows_of_an_addition_are_counted_and_refused_on_request(buckets: int, tmp_path: Path) -> None:
    """Neither copies by reference, nor rows that the store has, nor parts that differ, are repeats."""
    sale: Row = {"customer_id": "a", "event_time": "2024-01-01", "event_type": "purchase", "amount": "5"}
    ingest(written(tmp_path / "a.csv", [sale]), tmp_path / "store", buckets=buckets)
    plain = [sale, sale | {"customer_id": "b"}, sale | {"amount": "6"}, sale | {"event_time": "2024-01-02"}]
    named = [sale | {"reference": "r"}, sale | {"reference": "r"}, sale | {"reference": "r", "till": "x"}]
    rows = [*plain, *named, *[sale | {"customer_id": name, "amount": "9"} for name in "aabbbc"]]
    with pytest.raises(FaultyRowsError, match="3 rows without a reference are equal in full to another row"):
        append(written(tmp_path / "b.csv", rows), tmp_path / "store", strict=True)
    assert open_store(tmp_path / "store").n_events == 1
    report = append(tmp_path / "b.csv", tmp_path / "store")
    assert [text.split(" are ")[0] for text in report.warnings if "in full" in text] == ["3 rows without a reference"]
    assert open_store(tmp_path / "store").n_events == 1 + 3 + 2 + 6


def test_other_content_without_a_later_record_is_kept_with_a_warning(tmp_path: Path) -> None:
    """The line names the number and the two ways out."""
    sale: Row = {"customer_id": "a", "event_time": "2024-01-01", "event_type": "purchase", "reference": "r"}
    ingest(written(tmp_path / "a.csv", [sale | {"amount": "5"}]), tmp_path / "store")
    report = append(written(tmp_path / "b.csv", [sale | {"amount": "6"}]), tmp_path / "store")
    assert report.kept == 1
    assert "1 rows have references that the store has with other content" in report.warnings[-1]


def test_faulty_rows_are_in_quarantine_even_if_nothing_else_is_new(tmp_path: Path) -> None:
    """The store then is a new generation of the same events."""
    sale: Row = {"customer_id": "a", "event_time": "2024-01-01", "event_type": "purchase", "amount": "5"}
    ingest(written(tmp_path / "a.csv", [sale]), tmp_path / "store")
    later = written(tmp_path / "b.csv", [sale, sale | {"amount": "much"}])
    report = append(later, tmp_path / "store", accept_quarantine=True)
    assert (report.kept, report.seen, report.quarantined) == (0, 1, 1)
    store = open_store(tmp_path / "store")
    assert (store.n_events, store.manifest["generation"]) == (1, 2)
    assert "much" in (store.folder / "quarantine.csv").read_text()
    assert "quarantine.csv" in store.manifest["customer_files"]


def test_a_store_keeps_its_zone_and_scale(tmp_path: Path) -> None:
    """New rows are read in the zone of the store, and their ratings in its scale."""
    row: Row = {"customer_id": "a", "event_time": "2024-01-01T23:30", "event_type": "purchase", "amount": "5"}
    ingest(written(tmp_path / "a.csv", [row]), tmp_path / "store", timezone="Asia/Tokyo", rating_maximum=100)
    append(written(tmp_path / "b.csv", [row | {"event_time": "2024-01-02T00:30"}]), tmp_path / "store")
    store = open_store(tmp_path / "store")
    assert (store.timezone, store.rating_maximum, len(set(store.columns["day"].tolist()))) == ("Asia/Tokyo", 100, 2)


def test_there_must_be_a_store_and_ingest_leaves_one_alone(tmp_path: Path) -> None:
    """Each is one line that names the way out."""
    file = written(tmp_path / "a.csv", [{"customer_id": "a", "event_time": "2024-01-01", "event_type": "usage"}])
    with pytest.raises(StoreError, match="holds no event store"):
        append(file, tmp_path / "store")
    assert not (tmp_path / "store").exists()
    ingest(file, tmp_path / "store")
    with pytest.raises(
        StoreError, match="holds a store already: add to it with --append, or replace it with --replace"
    ):
        ingest(file, tmp_path / "store")
    assert ingest(file, tmp_path / "store", existing="replace").kept == 1
    assert [each["generation"] for each in generations(tmp_path / "store")] == [2, 1]


KILLED = """
import sys
from features.ingestion.ingest import append
append(sys.argv[1], sys.argv[2])
"""


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("buckets", "kills"), [(1, 30), (4, 10)])
def test_a_killed_append_leaves_the_old_store_or_the_new(buckets: int, kills: int, tmp_path: Path) -> None:
    """Killed at moments from the start to the end; the store opens each time, and the next append completes it."""
    weeks = weeks_of_a_shop()
    files = [written(tmp_path / f"week{number}.csv", rows) for number, rows in enumerate(weeks)]
    old = ingest(files[:40], tmp_path / "old", buckets=buckets)
    whole = tmp_path / "whole"
    ingest(files[:40], whole, buckets=buckets)
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", KILLED, str(files[40]), str(whole)], cwd=ROOT, check=True)
    whole_seconds = time.monotonic() - started
    events = {open_store(tmp_path / "old").n_events, open_store(whole).n_events}
    assert old.kept
    for turn in range(kills):
        store = tmp_path / f"store{turn}"
        shutil.copytree(tmp_path / "old", store)
        with subprocess.Popen([sys.executable, "-c", KILLED, str(files[40]), str(store)], cwd=ROOT) as process:
            # The first half of the time is Python's imports, so most kills come later.
            time.sleep(whole_seconds * (0.4 + 0.7 * turn / kills))
            process.kill()
        assert open_store(store).n_events in events
        append(files[40], store)
        assert open_store(store).n_events == max(events)
        same_stores(open_store(store), open_store(whole))
        shutil.rmtree(store)


def test_the_first_events_are_appended_to_a_store_without_any(tmp_path: Path) -> None:
    """An empty store, as a job may set one up, becomes the store of its first log."""
    log = tmp_path / "log.csv"
    log.write_text("customer_id,event_time,event_type,amount\na,2024-01-01,purchase,5\nb,2024-01-02,purchase,6\n")
    write_store(tmp_path / "store", [], timezone="UTC", digest="0")
    append(log, tmp_path / "store")
    whole = tmp_path / "whole"
    ingest(log, whole)
    same_bits(
        feature_table(open_store(tmp_path / "store"), "2024-02-01"), feature_table(open_store(whole), "2024-02-01")
    )


@pytest.mark.parametrize("other", ["K-77", "guest", "Summe"])
def test_one_odd_id_of_an_addition_gives_nobody_a_second_identity(tmp_path: Path, other: str) -> None:
    """What the store recorded of its ids holds for an addition; where nothing is recorded, it is refused."""
    header = "customer_id,event_time,event_type,amount\n"
    first, plain, week = (tmp_path / name for name in ("first.csv", "plain.csv", "week.csv"))
    first.write_text(header + "12346.0,2024-01-01,purchase,1\n")
    plain.write_text(header + "12346,2024-01-01,purchase,1\n")
    week.write_text(header + f"12346.0,2024-01-08,purchase,2\n{other},2024-01-08,purchase,3\n")
    ingest(first, tmp_path / "store")
    append(week, tmp_path / "store", accept_quarantine=True)
    expected = ["12346", "K-77"] if other == "K-77" else ["12346"]
    assert open_store(tmp_path / "store").customer_ids.to_pylist() == expected
    ingest(plain, tmp_path / "plain")
    if other == "K-77":
        with pytest.raises(SourceError, match="12346"):
            append(week, tmp_path / "plain")
        expected = ["12346"]
    else:
        append(week, tmp_path / "plain", accept_quarantine=True)
    assert open_store(tmp_path / "plain").customer_ids.to_pylist() == expected


def test_a_corrected_order_of_line_items_counts_once(tmp_path: Path) -> None:
    """It is refused until it is to replace the stored one; then ingest and append have the later order alone."""
    header = "customer_id,event_time,event_type,amount,reference\n"
    lines = ["A,2024-01-01,purchase,10,r\n", "A,2024-01-01,purchase,5,r\n", "A,2024-01-01,purchase,1,r\n"]
    later = "A,2024-02-01,purchase,7,s\n"
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text(header + "".join(lines[:2]))
    second.write_text(header + "".join([lines[0], lines[2], later]))
    summed = SourceProfile().with_values(rows={"one_event_per": "reference"})
    replacing = summed.with_values(rows={"replace_references": True})
    ingest(first, tmp_path / "store", profile=summed)
    with pytest.raises(SourceError, match=r"1 orders are in the store .* --replace-references"):
        append(second, tmp_path / "store", profile=summed)
    assert open_store(tmp_path / "store").columns["cents"].tolist() == [1500]
    append(second, tmp_path / "store", profile=replacing)
    ingest([first, second], tmp_path / "once", profile=replacing)
    assert open_store(tmp_path / "store").columns["cents"].tolist() == [1100, 700]
    same_stores(open_store(tmp_path / "store"), open_store(tmp_path / "once"))


def test_the_lines_of_an_order_in_two_files_are_summed_in_one_command(tmp_path: Path) -> None:
    """The refusal of the second file names the way: back, and both files together."""
    header = "customer_id,event_time,event_type,amount,reference\n"
    files = [tmp_path / f"{name}.csv" for name in ("before", "first", "second")]
    lines = "B,2024-01-01,purchase,3,q", "A,2024-01-02,purchase,10,r", "A,2024-01-02,purchase,5,r"
    for file, line in zip(files, lines, strict=True):
        file.write_text(header + line + "\n")
    store, summed = tmp_path / "store", SourceProfile().with_values(rows={"one_event_per": "reference"})
    ingest(files[0], store, profile=summed)
    append(files[1], store, profile=summed)
    with pytest.raises(SourceError, match="go back with regulars store rollback and append its files in one command"):
        append(files[2], store, profile=summed)
    rollback(store)
    append(files[1:], store, profile=summed)
    assert open_store(store).columns["cents"].tolist() == [1500, 300]
