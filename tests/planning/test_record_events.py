"""The event log of what was done."""

from planning.record_events import SCHEMA, contract_events


def test_only_what_is_done_is_an_event() -> None:
    """Every version of it while the latest still says so; the reference is the record's, not the plan item."""
    done = {"record_id": "P1", "plan_item": "P1", "customer_id": "a", "status": "done", "done_at": 5, "recorded_at": 9}
    again = done | {"outcome": "ordered", "recorded_at": 10}
    events = contract_events([done, again], {"P1": again})
    assert events.schema == SCHEMA
    assert events["reference"].to_pylist() == ["record-P1"] * 2
    assert events["outcome"].to_pylist() == [None, "ordered"]
    assert len(contract_events([done], {"P1": done | {"status": "skipped"}})) == 0
