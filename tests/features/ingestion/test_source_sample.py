"""A sample has all columns of a source as text, and its first rows are shown as events."""

from pathlib import Path

import pytest

from features.errors import SourceError
from features.ingestion.profile import SourceProfile
from features.ingestion.read_options import ReadOptions
from features.ingestion.source_sample import preview_events, read_sample
from tests.features.reading import csv_file, parquet_file


def test_every_column_is_in_the_sample(tmp_path: Path) -> None:
    """Of any format, whatever the columns are called; nothing is asked."""
    log = csv_file(tmp_path, "a,1/2/2024,1.500,EUR", "b,1/3/2024,2.500,USD", header="who,event_time,amount,currency")
    sample = read_sample(str(log), ReadOptions())
    assert {name: column.to_pylist() for name, column in sample.items()} == {
        "who": ["a", "b"],
        "event_time": ["1/2/2024", "1/3/2024"],
        "amount": ["1.500", "2.500"],
        "currency": ["EUR", "USD"],
    }
    typed = parquet_file(tmp_path, {"n": [1, 2], "text": ["x", None]})
    assert read_sample(str(typed), ReadOptions())["n"].to_pylist() == ["1", "2"]


def test_a_source_without_rows_is_one_line(tmp_path: Path) -> None:
    """As ingest has it."""
    with pytest.raises(SourceError, match="has no rows"):
        read_sample(str(csv_file(tmp_path, header="a,b")), ReadOptions())


def test_the_first_rows_as_events(tmp_path: Path) -> None:
    """With the reasons of those that would go to quarantine; without customer and time there are none."""
    log = csv_file(
        tmp_path, "a,2024-01-01,5,x", "b,soon,1,x", "c,2024-01-02,-3,x", "d,2024-01-02,2,y", header="c,t,s,f"
    )
    sample = read_sample(str(log), ReadOptions())
    profile = SourceProfile(
        columns={"customer_id": "c", "event_time": "t", "amount": "s"}, constants={"event_type": "purchase"}
    ).with_values(event_types={"negative": "return"}, rows={"leave_out": {"f": ("y",)}})
    events, faults = preview_events(sample, profile, "UTC", 10)
    assert [(event["customer_id"], event["event_type"], event["amount"]) for event in events] == [
        ("a", "purchase", "5.00"),
        ("c", "return", "3.00"),
    ]
    assert [(reason.partition(":")[0], count) for reason, count in faults.items()] == [("event_time is no time", 1)]
    assert preview_events(sample, SourceProfile(), "UTC", 10) == ([], {})
