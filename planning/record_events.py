"""What was done of a plan as an event log, in the columns of the contract."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from planning.erased_rows import ERASED

SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("event_time", pa.timestamp("us", "UTC")),
        ("event_type", pa.string()),
        ("channel", pa.string()),
        ("goal", pa.string()),
        ("content", pa.string()),
        ("outcome", pa.string()),
        ("satisfaction", pa.float64()),
        ("loyalty", pa.float64()),
        ("reference", pa.string()),
        ("plan_item", pa.string()),
        ("recorded_at", pa.timestamp("us", "UTC")),
    ]
)
"""An order's `amount` is not among them: the sale is in the firm's own log."""


def contract_events(records: Iterable[Mapping[str, Any]], current: Mapping[str, Mapping[str, Any]]) -> pa.Table:
    """Return the events of what was done, every version of a record that still says so.

    Parameters
    ----------
    records : iterable of mapping
        All records, with times in microseconds since 1970-01-01 UTC.
    current : mapping of str to mapping
        The latest of them by `record_id`.

    Returns
    -------
    pyarrow.Table
        With the columns of `SCHEMA`, in the order of the records, none of erased customers. The reference is the
        record's, so a corrected record is a later version of the same event.
    """
    rows = [
        {
            **{name: record.get(name) for name in SCHEMA.names},
            "event_time": record["done_at"],
            "reference": f"record-{record['record_id']}",
        }
        for record in records
        if record["status"] == "done" and current[record["record_id"]]["status"] == "done"
        if not record["customer_id"].startswith(ERASED)
    ]
    return pa.Table.from_pylist(rows, SCHEMA)
