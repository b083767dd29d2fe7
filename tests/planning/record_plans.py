"""A small plan for the tests of records."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from planning.plan_folder import SCHEMA, Plan, plan_items, write_plan
from planning.records import RECORDS_FILE
from planning.records import SCHEMA as RECORDS

PLAN_ID = "2026-W48-r"
CUSTOMERS = {"c1": "do", "c2": "do", "c3": "do", "c4": "leave"}
ITEMS = dict(zip(CUSTOMERS, plan_items(PLAN_ID, CUSTOMERS), strict=True))
NOW = "2026-11-27T18:00:00+00:00"


def plan_folder(path: Path) -> Path:
    """Write a plan: two visits, an offer, and a customer who is held out; return its folder."""
    rows = []
    for number, (customer_id, arm) in enumerate(CUSTOMERS.items()):
        kind, channel = ("incentive", "coupon") if customer_id == "c3" else ("visit", "phone")
        row: dict[str, object] = dict.fromkeys(SCHEMA.names)
        row |= {"plan_id": PLAN_ID, "plan_item": ITEMS[customer_id], "customer_id": customer_id, "action": channel}
        row |= {"event_type": kind, "channel": channel, "arm": arm, "rep": "R1", "content": "needs", "propensity": 0.8}
        if kind == "visit":
            row |= {"goal": "loyalty"}
        if arm == "do":
            row |= {"day": date(2026, 11, 23), "start": datetime(2026, 11, 23, 9 + number)}
        rows.append(row)
    manifest = {"plan_id": PLAN_ID, "as_of": "2026-11-20", "week": "2026-W48", "timezone": "Europe/Berlin"}
    write_plan(path, Plan(pd.DataFrame(rows), {**manifest, "rating_maximum": 10, "horizon_days": 90}))
    return path


def write_records(folder: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write a file of records to a plan folder, with what the rows leave open filled in."""
    whole = []
    for row in rows:
        times = {name: pd.Timestamp(str(row[name])) for name in ("done_at", "recorded_at") if row.get(name)}
        utc = {name: time.tz_localize("UTC") if time.tz is None else time for name, time in times.items()}
        whole.append({"record_id": row["plan_item"] or "outside", "customer_id": "c", **row, **utc})
    pq.write_table(pa.Table.from_pylist(whole, RECORDS), folder / RECORDS_FILE)


def csv_of(path: Path, *rows: dict[str, object]) -> Path:
    """Write rows to a CSV file and return it."""
    pd.DataFrame(list(rows)).to_csv(path, index=False)
    return path
