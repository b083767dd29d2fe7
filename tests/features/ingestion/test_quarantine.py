"""The quarantine file: every invalid row as it was, with the reason, ready to be corrected and read again."""

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from features.errors import FaultyRowsError
from features.ingestion.ingest import ingest
from features.schema import (
    EVENT_TYPES,
    GOALS,
    INCENTIVE_CHANNELS,
    VISIT_CHANNELS,
    VISIT_OUTCOMES,
)
from features.store.event_store import open_store
from tests.features.reading import HEADER, csv_file, parquet_file, read

GOOD = "B,2024-03-31 03:30:00+02:00,purchase,12.5,,,,,"


def test_one_of_each_fault_goes_to_quarantine_with_its_reason(tmp_path: Path) -> None:
    """And the good rows between them are kept, mixed offsets and all."""
    path = csv_file(tmp_path, *ONE_OF_EACH, GOOD, "B,2024-01-01,usage,,,,,,")
    result = read(path, timezone="Europe/Berlin")
    assert result.reasons() == dict(enumerate(ONE_OF_EACH.values(), 1))
    assert result.report.kept == 2
    for row, (line, reason) in zip(
        sorted(result.quarantine, key=lambda row: int(row["row_number"])), ONE_OF_EACH.items(), strict=True
    ):
        assert row["source"] == str(path)
        if row["column"]:
            assert [row[name] for name in HEADER.split(",")] == line.split(",")
            assert row["value"] == row[row["column"]]
        else:
            assert (row["value"], row["customer_id"]) == (line, "")
            assert "line" in reason


def test_a_mended_quarantine_file_is_read_beside_the_log(tmp_path: Path) -> None:
    """What is mended is kept, what is not is quarantined again; the five columns about the fault are not data."""
    log = csv_file(tmp_path, GOOD, "A,2024-01-01,buy,1,,,,,", "C,soon,purchase,1,,,,,", "D,2024-01-01", header=HEADER)
    store = tmp_path / "store"
    ingest(log, store, accept_quarantine=True)
    first = open_store(store).folder / "quarantine.csv"
    assert first.read_bytes().startswith(b"\xef\xbb\xbf")  # or a spreadsheet takes it for Latin-1
    mended = tmp_path / "mended.csv"
    mended.write_text(first.read_text(encoding="utf-8-sig").replace('"buy"', '"purchase"'))
    result = read([log, mended])
    assert (result.report.rows_in, result.report.kept, result.report.quarantined) == (7, 2, 5)
    assert [row["source"] for row in result.quarantine] == [str(log)] * 3 + [str(mended)] * 2
    assert list(result.quarantine[0]) == ["source", "row_number", "column", "value", "reason", *HEADER.split(",")]
    alone = read(mended)
    assert (alone.report.rows_in, alone.report.kept) == (3, 1)
    assert alone.report.ignored_columns == []
    assert (
        alone.reasons()[3]
        == f"customer_id is empty; event_time is empty; event_type is empty: expected {', '.join(EVENT_TYPES)}"
    )


def test_a_log_with_columns_of_these_names_keeps_them(tmp_path: Path) -> None:
    """The five are then called otherwise."""
    log = csv_file(tmp_path, "A,2024-01-01,buy,web,7", header="customer_id,event_time,event_type,source,value")
    with pytest.raises(FaultyRowsError):
        ingest(log, tmp_path / "store")
    path = tmp_path / "store-quarantine.csv"
    with path.open(newline="", encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert (row["quarantine_source"], row["source"], row["value"]) == (str(log), "web", "7")
    path.write_text(path.read_text().replace('"buy"', '"usage"'))
    assert read(path).report.kept == 1


def test_a_clean_log_has_no_quarantine_file(tmp_path: Path) -> None:
    """Nor one of duplicates."""
    ingest(csv_file(tmp_path, GOOD), tmp_path / "store")
    names = {file.name for file in open_store(tmp_path / "store").folder.iterdir()}
    assert "report.json" in names
    assert not names & {"quarantine.csv", "duplicates.csv"}


def test_quarantined_rows_of_parquet_are_whole(tmp_path: Path) -> None:
    """Columns that are not checked or empty are not read with the others, yet stand in the quarantine file."""
    columns: dict[str, Any] = {
        "customer_id": pa.array(["A", None, "A", "A"] * 100).dictionary_encode(),
        "content": [f"text {row}" for row in range(400)],
        "event_time": ["2024-01-01"] * 400,
        "event_type": ["usage"] * 400,
        "goal": pa.nulls(400, pa.string()),
        "shop": list(range(400)),
    }
    result = read(parquet_file(tmp_path, columns))
    assert (result.report.kept, result.report.customers, len(result.quarantine)) == (300, 1, 100)
    rows = [(int(row["row_number"]), row["content"], row["goal"], row["shop"]) for row in result.quarantine]
    assert rows == [(row + 1, f"text {row}", "", str(row)) for row in range(1, 400, 4)]


GAP = "event_time does not exist in Europe/Berlin: the clocks were put forward over it"


ONE_OF_EACH = {  # a faulty row, and what is wrong with it; times are Berlin's
    ",2024-01-01,purchase,1,,,,,": "customer_id is empty",
    "A\0,2024-01-01,purchase,1,,,,,": "customer_id holds a NUL byte",
    "A,,purchase,1,,,,,": "event_time is empty",
    "A,01.02.2024,purchase,1,,,,,": "event_time may have the day or the month first: give --time-format day_first or "
    "--time-format month_first",
    "A,0000-01-01,purchase,1,,,,,": "event_time is outside the years 1900 to 2200",
    "A,9999-12-31,purchase,1,,,,,": "event_time is outside the years 1900 to 2200",
    "A,2024-03-31 02:30:00,purchase,1,,,,,": GAP,
    "A,2024-01-01,,1,,,,,": f"event_type is empty: expected {', '.join(EVENT_TYPES)}",
    "A,2024-01-01,buy,1,,,,,": f"event_type is unknown: expected {', '.join(EVENT_TYPES)}",
    "A,2024-01-01,purchase,ten,,,,,": "amount is no number (decimal mark '.'): write it with digits and that mark "
    "alone",
    "A,2024-01-01,purchase,-1,,,,,": "amount is negative: give --negative return if it is money given back",
    "A,2024-01-01,purchase,1e400,,,,,": "amount is not finite",
    "A,2024-01-01,purchase,1e13,,,,,": "amount is above 1000000000000",
    "A,2024-01-01,visit,,fax,,,,": f"channel is unknown for visits: expected {', '.join(VISIT_CHANNELS)}",
    "A,2024-01-01,incentive,,fax,,,,": f"channel is unknown for incentives: expected {', '.join(INCENTIVE_CHANNELS)}",
    "A,2024-01-01,visit,,,win,,,": f"goal is unknown for visits: expected {', '.join(GOALS)}",
    "A,2024-01-01,visit,,,,won,,": f"outcome is unknown for visits: expected {', '.join(VISIT_OUTCOMES)}",
    "A,2024-01-01,feedback,,,,,11,": "satisfaction is above 10",
    "A,2024-01-01,feedback,,,,,,-1": "loyalty is negative",
    "A,2024-01-01": "has 2 fields where the header has 9 (line 21)",
    "A,2024-01-01,purchase,1,,,,,,,": "has 11 fields where the header has 9 (line 22)",
    'A,2024-01-01,"purchase,1,,,,,': "has a quote out of place, or one that is never closed (line 23)",
    'A,2024-01-01,"purchase"!,1,,,,,': "has a quote out of place, or one that is never closed (line 24)",
}
