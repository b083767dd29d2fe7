"""Versions of one event: the latest counts, earlier ones count until it was recorded, and all are reported."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.engines.feature_table import feature_table
from features.errors import SourceError
from features.ingestion.ingest import ingest
from features.ingestion.profile import SourceProfile, load_profile
from features.store.event_store import open_store
from features.store.row_packing import reference_codes
from tests.features.reading import Read, csv_file, read

HEADER = "customer_id,event_time,event_type,amount,reference,recorded_at"
DAY = 86_400_000_000
JANUARY = 19_723 * DAY  # 2024-01-01


def versions(tmp_path: Path, *lines: str, header: str = HEADER, **options: Any) -> Read:
    return read(csv_file(tmp_path, *lines, header=header), **options)


def named(result: Read) -> dict[int, tuple[int, str]]:
    """Return which row replaced each duplicate, and whether it still counts until then."""
    return {int(d["row_number"]): (int(d["replaced_by_row_number"]), d["valid"]) for d in result.duplicates}


def test_the_latest_recorded_version_is_the_event(tmp_path: Path) -> None:
    """Those before it are valid until the next was recorded."""
    result = versions(
        tmp_path,
        "A,2024-01-01,purchase,10,r,2024-01-02",
        "A,2024-01-01,purchase,30,r,2024-01-04",
        "A,2024-01-01,purchase,20,r,2024-01-03",
    )
    assert (result.report.kept, result.report.duplicates) == (1, 2)
    got = {event["cents"]: (event["known_from"], event["known_until"]) for event in result.events}
    assert got == {
        1000: (JANUARY + DAY, JANUARY + 2 * DAY),
        2000: (JANUARY + 2 * DAY, JANUARY + 3 * DAY),
        3000: (JANUARY + 3 * DAY, None),
    }
    assert named(result) == {1: (3, "until then"), 3: (2, "until then")}
    assert result.duplicates[0]["recorded_at"] == "2024-01-02T00:00:00.000000Z"


def test_a_version_without_a_time_of_record_is_the_oldest(tmp_path: Path) -> None:
    """It was known since it happened."""
    result = versions(tmp_path, "A,2024-01-01,purchase,10,r,2024-01-02", "A,2024-01-01,purchase,20,r,")
    assert [(event["cents"], event["known_from"], event["known_until"]) for event in result.events] == [
        (1000, JANUARY + DAY, None),
        (2000, None, JANUARY + DAY),
    ]


@pytest.mark.parametrize("record", ["", "2024-01-02"])
def test_rows_that_differ_are_parts_and_equal_ones_copies(record: str, tmp_path: Path) -> None:
    """Recorded at once or without a time: parts are kept, with a warning that names the options; a copy is dropped."""
    lines = [f"A,2024-01-01,purchase,{amount},r,{record}" for amount in (10, 20, "10.00", "")]
    result = versions(tmp_path, *lines)
    assert sorted(event["cents"] or 0 for event in result.events) == [0, 1000, 2000]
    assert named(result) == {3: (1, "no")}
    (warning,) = result.report.warnings
    assert warning.startswith("3 rows share customer, type and reference")
    assert "--one-event-per reference" in warning
    assert "--replace-references" in warning


def test_rows_that_differ_only_in_a_column_not_read_are_parts(tmp_path: Path) -> None:
    """Two articles at one price are no copies of each other; the same article in a second file is."""
    header = "customer_id,event_time,event_type,amount,reference,article"
    lines = ["A,2024-01-01,purchase,5,r,cup", "A,2024-01-01,purchase,5,r,dish", "A,2024-01-01,purchase,5,r,cup"]
    log = csv_file(tmp_path, *lines, header=header)
    result = read([log, csv_file(tmp_path, *lines, "", header=header, name="again.csv")])
    assert (result.report.kept, result.report.duplicates) == (2, 4)


def test_outcomes_of_one_incentive_are_events_of_their_own(tmp_path: Path) -> None:
    """What was sent and then redeemed; an outcome recorded again is a version."""
    header = "customer_id,event_time,event_type,outcome,reference,recorded_at"
    lines = [
        "A,2024-01-01,incentive,sent,r,2024-01-01",
        "A,2024-01-05,incentive,redeemed,r,2024-01-05",
        "A,2024-01-05,incentive,redeemed,r,2024-01-06",
    ]
    result = versions(tmp_path, *lines, header=header)
    assert (result.report.kept, result.report.duplicates, result.report.warnings) == (2, 1, [])


def test_the_last_row_replaces_those_before_it_on_request(tmp_path: Path) -> None:
    """With replace_references: in the order of the sources and rows, unless recorded_at says otherwise."""
    header = HEADER.removesuffix(",recorded_at")
    first = csv_file(tmp_path, "A,2024-01-01,purchase,9,r", "A,2024-01-01,purchase,7,r", header=header)
    second = csv_file(tmp_path, "A,2024-01-01,purchase,8,r", header=header, name="second.csv")
    profile = SourceProfile().with_values(rows={"replace_references": True})
    for sources, cents in (([first, second], 800), ([second, first], 700)):
        result = read(sources, profile=profile)
        assert [event["cents"] for event in result.events] == [cents]
        assert (result.report.duplicates, result.report.warnings) == (2, [])
    lines = ["A,2024-01-01,purchase,9,r,2024-01-03", "A,2024-01-01,purchase,7,r,2024-01-02"]
    result = versions(tmp_path, *lines, profile=profile)
    assert {event["cents"]: event["known_until"] is None for event in result.events} == {900: True, 700: False}


LINES = SourceProfile().with_values(rows={"one_event_per": "reference"})


def test_line_items_become_one_event_on_request(tmp_path: Path) -> None:
    """Amounts are summed, a missing one adds nothing, the earliest time of the day is theirs; equal lines all count."""
    header = HEADER.removesuffix(",recorded_at")
    lines = [
        "A,2024-01-01 10:05,purchase,10,r",
        "A,2024-01-01 10:00,purchase,2.5,r",
        "A,2024-01-01 10:05,purchase,,r",
        "A,2024-01-01 10:05,purchase,10,r",
        "A,2024-01-01,return,3,r",
        "B,2024-01-01,purchase,4,r",
        "B,2024-01-02,purchase,,s",
        "B,2024-01-02 01:00,purchase,,s",
    ]
    log = csv_file(tmp_path, *lines, header=header)
    once = read(log, profile=LINES)
    assert [(e["customer_id"], e["time"] - JANUARY, e["cents"]) for e in once.events] == [
        ("A", 0, 300),
        ("A", 36_000_000_000, 2250),
        ("B", 0, 400),
        ("B", DAY, None),
    ]
    assert (once.report.kept, once.report.merged, once.report.duplicates) == (4, 4, 0)
    assert "4 line items merged" in once.report.lines()[0]
    twice = read(
        [log, csv_file(tmp_path, *lines, "A,2024-01-01 10:05,purchase,1,r", header=header, name="b.csv")], profile=LINES
    )
    assert {event["cents"] for event in twice.events} == {300, 2350, 400, None}
    assert (twice.report.merged, twice.report.duplicates) == (5, 8)


def test_lines_of_a_return_are_summed_for_each_sale_that_they_name(tmp_path: Path) -> None:
    """A credit note over two orders gives back of both; without line items, such rows are parts."""
    header = "customer_id,event_time,event_type,amount,reference,sale_reference"
    lines = [
        "A,2024-01-02,return,1,c,s",
        "A,2024-01-02,return,2,c,t",
        "A,2024-01-02,return,4,c, s ",
        "A,2024-01-02,return,8,c,",
        "A,2024-01-02,purchase,16,r,",
    ]
    result = versions(tmp_path, *lines, header=header, profile=LINES)
    s, t = reference_codes(pa.array(["s", "t"])).tolist()
    assert sorted((e["cents"], e["sale_reference"]) for e in result.events) == [(200, t), (500, s), (800, 0), (1600, 0)]
    assert (result.report.kept, result.report.merged) == (4, 1)
    result = versions(tmp_path, *lines, lines[0], header=header)
    assert (result.report.kept, result.report.duplicates, result.report.merged) == (5, 1, 0)


def test_refunds_of_overlapping_exports_are_there_once(tmp_path: Path) -> None:
    """A charge and the return made of its refund come from one row, and are copies of those in the other export."""
    header = "id,created,customer,amount,amount_refunded,currency,status"
    rows = [f"ch_{n},2024-01-0{n},A,{n}000,{100 * (n % 2)},eur,succeeded" for n in (1, 2, 3, 4)]
    files = [
        csv_file(tmp_path, *part, header=header, name=name) for name, part in (("a.csv", rows[:3]), ("b.csv", rows[1:]))
    ]
    result = read(files, profile=load_profile("stripe"))
    codes = reference_codes(pa.array([f"ch_{n}" for n in range(5)])).tolist()
    assert sorted((e["cents"], codes.index(e["reference"]), e["sale_reference"]) for e in result.events) == [
        *((100, n, codes[n]) for n in (1, 3)),
        *((1000 * n, n, 0) for n in (1, 2, 3, 4)),
    ]
    assert (result.report.kept, result.report.duplicates) == (6, 3)


def test_line_items_have_versions_by_their_time_of_record(tmp_path: Path) -> None:
    """The lines recorded last are the event, those before it count until then."""
    lines = [
        "A,2024-01-01,purchase,1,r,2024-01-02",
        "A,2024-01-01,purchase,2,r,2024-01-02",
        "A,2024-01-01,purchase,4,r,2024-01-03",
        "A,2024-01-01,purchase,8,r,2024-01-03",
    ]
    result = versions(tmp_path, *lines, profile=LINES)
    assert {event["cents"]: event["known_until"] for event in result.events} == {300: JANUARY + 2 * DAY, 1200: None}
    assert (result.report.kept, result.report.duplicates, result.report.merged) == (1, 1, 2)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_lines_sum_to_what_pandas_sums(data: st.DataObject) -> None:
    """Over the days of random orders: no line is lost, whatever the order of rows."""
    row = st.tuples(st.sampled_from("AB"), st.integers(1, 3), st.sampled_from(["r", "s"]), st.integers(256, 900))
    rows = data.draw(st.lists(row, min_size=1, max_size=15))
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "reference", "cents"])
    expected = frame.groupby(["customer_id", "reference", "day"], as_index=False)["cents"].sum()
    lines = [f"{c},2024-01-{d:02},purchase,{cents / 100},{r}" for c, d, r, cents in rows]
    with TemporaryDirectory() as folder:
        result = read(csv_file(Path(folder), *lines, header=HEADER.removesuffix(",recorded_at")), profile=LINES)
    found = sorted((e["customer_id"], e["cents"], (e["time"] - JANUARY) // DAY + 1) for e in result.events)
    assert found == sorted((c, int(cents), int(day)) for c, _, day, cents in expected.itertuples(index=False))


def test_only_equal_customer_type_and_reference_are_one_event(tmp_path: Path) -> None:
    """Blank references are none; faulty rows replace nothing."""
    result = versions(
        tmp_path,
        "A,2024-01-01,purchase,1,r,",
        "B,2024-01-01,purchase,1,r,",
        "A,2024-01-01,return,1,r,",
        "A,2024-01-01,purchase,1,,",
        "A,2024-01-01,purchase,1, ,",
        "A,2024-01-01,purchase,-1,r,2024-01-02",
    )
    assert (result.report.kept, result.report.quarantined, result.report.duplicates) == (5, 1, 0)


def test_a_correction_may_come_in_another_file(tmp_path: Path) -> None:
    """Both are named by file and row; columns that one of them lacks are null."""
    log = csv_file(tmp_path, "A,2024-01-01,purchase,10,r", header=HEADER.removesuffix(",recorded_at"))
    later = csv_file(tmp_path, "A,2024-01-01,purchase,20,r,2024-01-02", header=HEADER, name="it's later.csv")
    result = read([log, later])
    (duplicate,) = result.duplicates
    assert (duplicate["source"], duplicate["replaced_by_source"]) == (str(log), str(later))
    assert (duplicate["customer_id"], duplicate["event_type"], duplicate["reference"]) == ("A", "purchase", "r")


def test_the_same_file_twice_is_the_file_once(tmp_path: Path) -> None:
    """Every row of the second reading is a duplicate."""
    lines = [f"c{i % 7},2024-01-{1 + i % 28:02},purchase,{i},r{i},2024-02-01" for i in range(500)]
    log = csv_file(tmp_path, *lines, header=HEADER)
    again = csv_file(tmp_path, *lines, "", header=HEADER, name="again.csv")  # of other bytes: equal ones are read once
    once, twice = read(log), read([log, again])
    assert twice.events == once.events
    assert twice.report.duplicates == 500


def test_what_was_known_before_a_correction_does_not_change(tmp_path: Path) -> None:
    """The features at a date before it was recorded are those without it."""
    first = csv_file(tmp_path, "A,2024-01-01,purchase,10,r,2024-01-02", "A,2024-01-05,purchase,10,s,", header=HEADER)
    correction = csv_file(tmp_path, "A,2024-01-01,purchase,99,r,2024-01-10", header=HEADER, name="correction.csv")
    ingest(first, tmp_path / "before")
    ingest([first, correction], tmp_path / "after")
    stores = [open_store(tmp_path / name) for name in ("before", "after")]
    tables = [feature_table(store, "2024-01-10") for store in stores]
    assert tables[0].equals(tables[1])
    assert feature_table(stores[1], "2024-01-11")["total_spend"].tolist() == [109.0]


def test_too_little_memory_is_one_line(tmp_path: Path) -> None:
    """Told before it takes the machine's."""
    lines = [f"c{i // 2},2024-01-01,purchase,1,reference-{i // 2},2024-02-01" for i in range(200_000)]
    with pytest.raises(SourceError, match="memory"):
        read(csv_file(tmp_path, *lines, header=HEADER), memory_limit="1MB")


def test_what_duckdb_says_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as that the disk is full."""

    def full(*_: object, **__: object) -> None:
        raise duckdb.IOException("IO Error: Could not write file\nNo space left on device")

    monkeypatch.setattr("features.ingestion.event_versions.duckdb.connect", full)
    with pytest.raises(SourceError, match=r"finding duplicates failed \(IO Error: Could not write file\)") as refusal:
        versions(tmp_path, *["A,2024-01-01,purchase,10,r,2024-01-02"] * 2)
    assert "\n" not in str(refusal.value)


def test_rows_without_a_reference_are_no_versions(tmp_path: Path) -> None:
    """Equal rows without one are so many events, beside rows that have one and in files that have none."""
    lines = ["A,2024-01-01,purchase,10,,2024-01-02", "A,2024-01-01,purchase,10,r,2024-01-02"]
    log = csv_file(tmp_path, *(lines * 2), header=HEADER)
    plain = csv_file(tmp_path, "A,2024-01-01,purchase,10", header="customer_id,event_time,event_type,amount", name="b")
    other = csv_file(
        tmp_path, "A,2024-01-01,purchase,10", "", header="customer_id,event_time,event_type,amount", name="c"
    )
    result = read([plain, log, other])
    assert (result.report.kept, result.report.duplicates) == (5, 1)
    assert sorted(str(event["known_from"]) for event in result.events) == ["1704153600000000"] * 3 + ["None"] * 2


@pytest.mark.parametrize("kind", ["purchase", "return"])
def test_lines_of_one_order_on_several_days_are_events_of_these_days(tmp_path: Path, kind: str) -> None:
    """Those of a day in the business time zone are one; what came later is in no earlier feature."""
    header = HEADER.removesuffix(",recorded_at")
    log = csv_file(
        tmp_path,
        f"A,2024-02-20T22:30:00Z,{kind},10,r",
        f"A,2024-02-20T23:30:00Z,{kind},25,r",
        f"A,2024-02-21T10:00:00Z,{kind},5,r",
        f"A,2024-03-25T10:00:00Z,{kind},20,r",
        header=header,
    )
    report = ingest(log, tmp_path / "store", profile=LINES, timezone="Europe/Berlin")
    assert (report.kept, report.merged) == (3, 1)
    columns = open_store(tmp_path / "store").columns
    assert columns["cents"].tolist() == [1000, 3000, 2000]
    assert [str(np.datetime64(int(day), "D")) for day in columns["day"]] == ["2024-02-20", "2024-02-21", "2024-03-25"]
