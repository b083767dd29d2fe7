"""An invented customer, to show what a model takes without showing anybody."""

from datetime import datetime, timedelta

import pandas as pd

from features.definitions import COLUMN_NAMES
from features.online import customer_features

DAYS_AGO = (200, 120, 75, 20)
AMOUNT = 25.0


def invented_customer(as_of: str) -> pd.DataFrame:
    """Return the feature table of one invented customer at a date: four purchases of 25 within the 200 days before."""
    moment = datetime.fromisoformat(as_of)
    events = [
        {"event_type": "purchase", "event_time": moment - timedelta(days=ago), "amount": AMOUNT} for ago in DAYS_AGO
    ]
    index = pd.Index(["invented"], dtype="str", name="customer_id")
    return pd.DataFrame([customer_features(events, moment)], index, list(COLUMN_NAMES))
