"""Invented customers, to show what a model takes, and to try it, without showing anybody."""

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


def invented_customer(as_of: str) -> pd.DataFrame:
    """Return the feature table of one invented customer at a date: four purchases of 25 within the 200 days before."""
    moment = datetime.fromisoformat(as_of)
    return _table({"invented": _purchases(moment, DAYS_AGO)}, moment)


def invented_customers(as_of: str, customers: int, seed: int = 0) -> pd.DataFrame:
    """Return the feature table, at a date, of a simulated shop and of who no shop has many of.

    These are one who never bought, one who bought for the first time yesterday, and one who buys every day.
    """
    moment = datetime.fromisoformat(as_of)
    start = (moment - timedelta(days=HISTORY_DAYS)).date()
    truth = Truth.plain("bg", start=start, days=HISTORY_DAYS, acquisition_days=HISTORY_DAYS)
    events: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in simulate(truth, customers, seed, block=customers)[0].to_pylist():
        events[event["customer_id"]].append(event)
    events |= {
        "stranger": [],
        "yesterday's": _purchases(moment, [1]),
        "daily": _purchases(moment, range(1, HISTORY_DAYS)),
    }
    return _table(events, moment)


def _purchases(moment: datetime, days_ago: Iterable[int]) -> list[dict[str, Any]]:
    return [
        {"event_type": "purchase", "event_time": moment - timedelta(days=ago), "amount": AMOUNT} for ago in days_ago
    ]


def _table(events: dict[str, list[dict[str, Any]]], moment: datetime) -> pd.DataFrame:
    index = pd.Index(list(events), dtype="str", name="customer_id")
    return pd.DataFrame([customer_features(each, moment) for each in events.values()], index, list(FEATURE_NAMES))
