"""What the servers are asked: one customer by features or events, and ten thousand in one request."""

import io
import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.serving_models import NAMES
from features.engines.python_engine import customer_features

AS_OF = datetime(2011, 12, 10, tzinfo=UTC)
Large = dict[str, tuple[str, str, str, bytes]]
JSON, ARROW, PARQUET = "application/json", "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"


def _events(seed: int, count: int = 50) -> list[dict[str, object]]:
    rng = np.random.default_rng(seed)
    kinds = rng.choice(["purchase", "visit", "usage"], count, p=[0.6, 0.2, 0.2])
    days = np.sort(rng.integers(1, 700, count))[::-1]
    events: list[dict[str, object]] = []
    for kind, day in zip(kinds, days, strict=True):
        event: dict[str, object] = {"event_type": str(kind), "event_time": AS_OF - timedelta(days=int(day), hours=5)}
        if kind == "purchase":
            event["amount"] = round(float(rng.gamma(2, 30)), 2)
        if kind == "visit":
            event |= {"channel": "phone", "outcome": "interested", "satisfaction": float(rng.integers(1, 11))}
        events.append(event)
    return events


def _row(seed: int) -> dict[str, float | None]:
    features = customer_features(_events(seed), AS_OF)
    return {name: None if value != value else value for name, value in features.items()}


def bodies() -> dict[str, bytes]:
    """Return the bodies of one customer, as each server takes them."""
    asked = {"as_of": "2011-12-10", "horizon_days": 90}
    events = [event | {"event_time": event["event_time"].isoformat()} for event in _events(1)]  # type: ignore[attr-defined]
    row = {"customer_id": "c1"} | _row(1)
    peer = _peer_rows(1)
    split = {"columns": NAMES, "data": [[row[name] for name in NAMES] for row in peer]}
    bodies = {
        "features": asked | {"rows": [row]},
        "events": asked | {"customers": [{"customer_id": "c1", "events": events}]},
        "rows": {"rows": peer},
        "list": peer,
        "mlflow": {"dataframe_split": split},
    }
    return {name: json.dumps(body).encode() for name, body in bodies.items()}


def _peer_rows(count: int) -> list[dict[str, object]]:
    rng = np.random.default_rng(3)
    table = rng.gamma(1.0, 10.0, (count, len(NAMES))).round(4)
    return [{"customer_id": f"c{at}"} | dict(zip(NAMES, row, strict=True)) for at, row in enumerate(table.tolist())]


@lru_cache
def large_bodies(count: int) -> Large:
    """Return what is asked for many customers: by name the server, content type, accepted answer and body."""
    rows = [_row(seed) for seed in range(200)]
    table = pd.DataFrame([rows[at % 200] for at in range(count)])
    table.insert(0, "customer_id", [f"c{at}" for at in range(count)])
    columns = {name: [None if value != value else value for value in table[name].tolist()] for name in table}
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    stream, file = io.BytesIO(), io.BytesIO()
    with pa.ipc.new_stream(stream, arrow.schema) as writer:
        writer.write_table(arrow)
    pq.write_table(arrow, file)
    by_columns = json.dumps({"as_of": "2011-12-10", "horizon_days": 90, "columns": columns}).encode()
    ours = "ours, by features"
    return {
        "plain BentoML, JSON rows": ("plain BentoML", JSON, JSON, json.dumps({"rows": _peer_rows(count)}).encode()),
        "ours, JSON columns": (ours, JSON, JSON, by_columns),
        "ours, JSON columns, answer in Arrow": (ours, JSON, ARROW, by_columns),
        "ours, Arrow": (ours, ARROW, ARROW, stream.getvalue()),
        "ours, Parquet, answer in Arrow": (ours, PARQUET, ARROW, file.getvalue()),
    }
