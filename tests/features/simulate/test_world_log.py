"""Events are kept until their time has come."""

import numpy as np
import pyarrow as pa

from features.simulate import LOG_SCHEMA, Truth
from features.simulate.log_schema import PLAN_SCHEMA
from features.simulate.world_log import CHANNEL_CODES, EventBuffer, with_references

IDS = pa.array(["C0000001", "C0000002"])


def test_events_are_given_out_once_in_order() -> None:
    """What lies before the day is taken, sorted by time; the rest stays for later."""
    buffer = EventBuffer()
    buffer.add("visit", np.array([1, 0]), np.array([5.5, 2.5]), channel=CHANNEL_CODES["phone"])
    buffer.add("purchase", np.array([0]), np.array([1.5]), amount=np.array([9.5]))
    rows = buffer.take(5)
    table = buffer.table(Truth(), IDS, rows, None)
    assert table["event_type"].to_pylist() == ["purchase", "visit"]
    assert table["channel"].to_pylist() == [None, "phone"]
    assert table["amount"].to_pylist() == [9.5, None]
    assert len(buffer.take(5)["time"]) == 0
    assert buffer.take(6)["customer"].tolist() == [1]


def test_plan_items_are_a_column_only_where_there_are_any() -> None:
    """A log without plans has the columns of `simulate`; one with them has `plan_item` too."""
    buffer = EventBuffer()
    buffer.add("purchase", np.array([0]), np.array([1.5]), amount=np.array([9.5]))
    assert buffer.table(Truth(), IDS, buffer.take(2), None).schema == LOG_SCHEMA
    buffer.plan_items.append("P1")
    buffer.add("visit", np.array([0]), np.array([1.5]), plan_item=0)
    table = buffer.table(Truth(), IDS, buffer.take(2), np.array([1.0]))
    assert table.schema == PLAN_SCHEMA
    assert table["plan_item"].to_pylist() == ["P1"]
    assert (table["recorded_at"][0].as_py() - table["event_time"][0].as_py()).days == 1
    assert with_references(table, 7)["reference"].to_pylist() == ["vis-7"]
