"""Short histories of one customer, written as days and amounts, and their features in plain Python."""

import math
from datetime import datetime, timedelta
from typing import Any

from features.engines.python_engine import customer_features

AS_OF = datetime(2024, 6, 10)


def event(event_type: str, days_ago: float, **values: Any) -> dict[str, Any]:
    """An event so many days before AS_OF, at noon if they are whole."""
    time = AS_OF - timedelta(days=days_ago) + (timedelta(hours=12) if days_ago == int(days_ago) else timedelta())
    return {"event_type": event_type, "event_time": time, **values}


def features(*events: dict[str, Any]) -> dict[str, float]:
    """The features of these events at AS_OF; a null column is absent, so that comparisons with it fail."""
    return {name: value for name, value in customer_features(events, AS_OF).items() if not math.isnan(value)}


def some(found: dict[str, float], names: str) -> list[float | None]:
    """The values of these columns, None for null."""
    return [found.get(name) for name in names.split()]
