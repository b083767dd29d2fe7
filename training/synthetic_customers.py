"""Synthetic customers: an input example for a model, and a base to check it on, without any real customer's data."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from features.definitions import FEATURE_NAMES
from features.engines.python_engine import customer_features
from features.simulate import Truth, simulate

DAYS_AGO = (200, 120, 75, 20)
AMOUNT = 25.0
HISTORY_DAYS = 600


def synthetic_customer(as_of: str) -> pd.DataFrame:
    """Return the feature table of one customer at an ISO date: four purchases of 25 within the 200 days before."""
    midnight = datetime.fromisoformat(as_of)
    return _table({"invented": _purchases(midnight, DAYS_AGO)}, midnight)


def synthetic_customers(as_of: str, customers: int, seed: int = 0) -> pd.DataFrame:
    """Return the feature table of a simulated shop at an ISO date, and of three rare kinds of customers.

    The shop has events of every type. The rare kinds are `stranger`, who never bought, `yesterday's`, who bought once,
    yesterday, and `daily`, who buys every day.
    """
    midnight = datetime.fromisoformat(as_of)
    start = (midnight - timedelta(days=HISTORY_DAYS)).date()
    truth = Truth(start=start, days=HISTORY_DAYS, acquisition_days=HISTORY_DAYS)
    events: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in simulate(truth, customers, seed, block=customers)[0].to_pylist():
        events[event["customer_id"]].append(event)
    events |= {
        "stranger": [],
        "yesterday's": _purchases(midnight, [1]),
        "daily": _purchases(midnight, range(1, HISTORY_DAYS)),
    }
    return _table(events, midnight)


def _purchases(midnight: datetime, days_ago: Iterable[int]) -> list[dict[str, Any]]:
    return [
        {"event_type": "purchase", "event_time": midnight - timedelta(days=ago), "amount": AMOUNT} for ago in days_ago
    ]


def _table(events: dict[str, list[dict[str, Any]]], midnight: datetime) -> pd.DataFrame:
    index = pd.Index(list(events), dtype="str", name="customer_id")
    rows = [customer_features(history, midnight) for history in events.values()]
    return pd.DataFrame(rows, index, list(FEATURE_NAMES), dtype="float64")  # as `feature_table` gives it
