"""Versions of one event: the latest counts, earlier ones count until it was recorded, and all are reported."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from features.engines.feature_table import feature_table
from features.errors import SourceError
from features.ingestion.ingest import ingest
from features.store.event_store import open_store
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


@pytest.mark.parametrize("swapped", [False, True])
def test_of_versions_recorded_at_once_the_greatest_counts(swapped: bool, tmp_path: Path) -> None:
    """Whatever the order of the rows; the other is dropped, and named."""
    lines = ["A,2024-01-01,purchase,10,r,2024-01-02", "A,2024-01-01,purchase,20,r,2024-01-02"]
    result = versions(tmp_path, *(reversed(lines) if swapped else lines))
    assert [event["cents"] for event in result.events] == [2000]
    assert named(result) == ({2: (1, "no")} if swapped else {1: (2, "no")})


def test_without_times_of_record_one_version_stays(tmp_path: Path) -> None:
    """The latest, then the largest; a null is least."""
    header = HEADER.removesuffix(",recorded_at")
    lines = [
        "A,2024-01-02,purchase,1,r",
        "A,2024-01-01,purchase,9,r",
        "A,2024-01-02,purchase,,r",
        "A,2024-01-02,purchase,1, r ",
    ]
    result = versions(tmp_path, *lines, header=header)
    assert [(event["time"] - JANUARY, event["cents"]) for event in result.events] == [(DAY, 100)]
    assert "known_from" not in result.events[0]
    assert result.report.duplicates == 3


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
    once, twice = read(log), read([log, log])
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
    result = read([plain, log, plain])
    assert (result.report.kept, result.report.duplicates) == (5, 1)
    assert sorted(str(event["known_from"]) for event in result.events) == ["1704153600000000"] * 3 + ["None"] * 2
