"""The columns of simulated logs."""

import pyarrow as pa

LOG_SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("event_time", pa.timestamp("us")),
        ("event_type", pa.string()),
        ("amount", pa.float64()),
        ("channel", pa.string()),
        ("goal", pa.string()),
        ("content", pa.string()),
        ("outcome", pa.string()),
        ("satisfaction", pa.float64()),
        ("loyalty", pa.float64()),
        ("reference", pa.string()),
        ("recorded_at", pa.timestamp("us")),
    ]
)
"""Columns of a log without plans."""
PLAN_SCHEMA = pa.schema([*list(LOG_SCHEMA)[:-1], pa.field("plan_item", pa.string()), LOG_SCHEMA.field("recorded_at")])
"""Columns of a log in which some events belong to a plan."""
