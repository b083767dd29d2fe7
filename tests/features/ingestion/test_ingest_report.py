"""The report says in numbers and in words what an ingest resulted in."""

import json
from collections import Counter
from pathlib import Path

from features.ingestion.ingest_report import make_report
from features.ingestion.read_options import ReadOptions
from features.ingestion.row_counts import RowCounts
from features.ingestion.sources import open_sources
from tests.features.reading import csv_file, read

GOOD = "a,2024-01-05,purchase,10,,,,,"


def test_an_empty_report(tmp_path: Path) -> None:
    """Without a valid row there are no times, and it says so."""
    sources = open_sources([csv_file(tmp_path, GOOD)], ReadOptions(), tmp_path)
    report = make_report(sources, RowCounts(), Counter(), 0, "UTC", "d")
    assert (report.rows_in, report.kept, report.customers, report.first_time) == (0, 0, 0, None)
    assert report.lines()[:2] == [
        "0 rows in: 0 kept, 0 quarantined, 0 duplicates",
        "0 customers, no event and so no time span, days counted in UTC",
    ]


def test_the_lines_of_a_report(tmp_path: Path) -> None:
    """Counts, span, event types, how each source was read, unused columns, reasons."""
    header = "customer_id,event_time,event_type,amount,shop"
    rows = ("a,2024-01-05,purchase,10,x", "b,2024-01-06,visit,,x", "c,2024-01-06,theft,,y", "d,,visit,,y")
    path = csv_file(tmp_path, *rows, header=header)
    lines = read(path, timezone="Europe/London").report.lines()
    assert lines == [
        "4 rows in: 2 kept, 2 quarantined, 0 duplicates",
        "2 customers, 2024-01-05T00:00:00+00:00 to 2024-01-06T00:00:00+00:00, days counted in Europe/London",
        "events: 1 visit, 1 purchase",
        f"{path}: format 'CSV', encoding 'utf-8', delimiter ',', decimal '.'",
        "columns not used: shop",
        "quarantined (quarantine.csv; mend it and read it again beside the log):",
        *lines[6:8],
    ]
    assert {line.strip() for line in lines[6:]} == {
        "1  event_type is unknown: expected visit, incentive, usage, purchase, return, feedback",
        "1  event_time is empty",
    }


def test_the_most_frequent_reason_comes_first(tmp_path: Path) -> None:
    """Reasons are in order of their number of rows; the dictionary is JSON."""
    sources = open_sources([csv_file(tmp_path, GOOD)], ReadOptions(), tmp_path)
    report = make_report(sources, RowCounts(), Counter({"rare": 1, "frequent": 5}), 0, "UTC", "d")
    assert list(report.quarantined_by_reason) == ["frequent", "rare"]
    assert report.quarantined == 6
    assert json.loads(json.dumps(report.as_dict()))["quarantined_by_reason"] == {"frequent": 5, "rare": 1}
