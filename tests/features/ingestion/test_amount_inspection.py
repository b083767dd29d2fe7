"""What a sample says of amounts: line items, negatives, money given back; see also test_inspection."""

import pyarrow as pa

from features.ingestion.amount_inspection import find_refunds
from features.ingestion.inspection import inspect_sample
from features.ingestion.inspection_result import Inspection
from features.ingestion.profile import SourceProfile


def test_a_refund_that_a_profile_names_is_not_asked_about() -> None:
    """Of two columns of refunds the first is taken and the second asked about."""
    sample = {name: pa.array(["0.00", "7.50"]) for name in ("refund", "Erstattung")}
    found = Inspection(SourceProfile(columns={"amount": "refund"}))
    find_refunds(sample, found)
    assert found.profile.amounts.refund == "Erstattung"
    found = Inspection(SourceProfile())
    find_refunds(sample, found)
    assert found.profile.amounts.refund == "refund"
    assert found.questions[1].startswith("what does 'Erstattung' say of a row?")


def test_line_items_name_both_ways_of_corrections() -> None:
    """Rows of one order may be lines or versions, and a later file may correct whole orders."""
    columns = {"client": ["a"] * 2, "day": ["2024-01-01"] * 2, "order_id": ["1"] * 2, "total": ["1.50", "2"]}
    found = inspect_sample({name: pa.array(values) for name, values in columns.items()})
    [question] = [text for text in found.questions if "one_event_per" in text]
    assert "if a later file corrects whole orders, give --replace-references beside it" in question
