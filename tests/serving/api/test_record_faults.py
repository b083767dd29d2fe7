"""Every fault of the records of a request, with the words that are allowed."""

import json
from typing import Any

import pytest

from serving.api.record_faults import read_records


def read(*rows: object) -> tuple[dict[str, str], list[int]]:
    """The faults of records by path, and the places of the others."""
    faults, records = read_records(json.dumps({"records": rows}).encode())
    return dict(faults), sorted(records)


def test_each_fault_of_each_record_is_named() -> None:
    """Several of one record too; what a list of words allows is named."""
    faults, others = read(
        {"plan_item": "P1", "status": "finished", "reason": "rain", "satisfaction": -1},
        {"plan_item": "P2", "status": "done"},
        {"plan_item": "P3", "event_type": "gift", "colour": 1},
        "P4",
    )
    assert others == [1]
    assert list(faults) == [
        *("records/0/status", "records/0/reason", "records/0/satisfaction"),
        *("records/2/colour", "records/2/status", "records/2/event_type", "records/3"),
    ]
    assert faults["records/0/status"] == ('found "finished", expected accepted, done, moved, skipped, unanswered')
    assert "expected already_in_contact, bad_moment" in faults["records/0/reason"]
    assert faults["records/2/event_type"] == 'found "gift", expected incentive, visit'
    assert faults["records/2/status"].startswith("is missing: expected accepted, done")


@pytest.mark.parametrize("body", [{}, {"records": {}}, {"records": [], "more": 1}, [1]])
def test_a_fault_outside_the_records_is_left_to_the_decoder(body: Any) -> None:
    """There is nothing to add to what it says."""
    assert read_records(json.dumps(body).encode()) == ([], {})
