"""A contact is what somebody did: neither a failed try nor what became of an incentive later."""

import pandas as pd
import pytest

from features.as_of import AsOf
from features.ingestion.ingest import ingest
from features.store.event_store import EventStore, open_store
from planning.contacts import contact_rows, last_contact_day

ROWS = [
    ("A", "2026-01-02", "incentive", "coupon", "sent"),
    ("A", "2026-01-20", "incentive", "coupon", "redeemed"),
    ("A", "2026-01-25", "incentive", "coupon", "expired"),
    ("B", "2026-01-05", "visit", "phone", "neutral"),
    ("B", "2026-01-09", "visit", "phone", "no_contact"),
    ("B", "2026-01-12", "visit", "email", None),
    ("C", "2026-01-03", "incentive", "points", None),
    ("D", "2026-01-03", "purchase", None, None),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    folder = tmp_path_factory.mktemp("contacts")
    table = pd.DataFrame(ROWS, columns=["customer_id", "event_time", "event_type", "channel", "outcome"])
    # Without an outcome a visit is one that is only planned, unless a rating came of it.
    table["satisfaction"] = [7.0 if row[3] == "email" else None for row in ROWS]
    table["amount"] = [10.0 if row[2] == "purchase" else None for row in ROWS]
    table.to_csv(folder / "log.csv", index=False)
    ingest([folder / "log.csv"], folder / "store")
    return open_store(folder / "store")


def test_the_last_contact_is_one_that_reached_the_customer(store: EventStore) -> None:
    """Before the cutoff; null for who had none."""

    def last(cutoff: str) -> dict[str, str]:
        days = last_contact_day(store, AsOf.parse(cutoff, "UTC")).dropna()
        return {name: str(pd.Timestamp(day, unit="D").date()) for name, day in days.items()}

    assert last("2026-02-01") == {"A": "2026-01-02", "B": "2026-01-12", "C": "2026-01-03"}
    assert last("2026-01-12") == {"A": "2026-01-02", "B": "2026-01-05", "C": "2026-01-03"}


def test_rows_are_of_the_window_and_the_channel(store: EventStore) -> None:
    """A channel that the log's words do not have has no contact."""
    start, end = (AsOf.parse(day, "UTC").time for day in ("2026-01-01", "2026-01-12"))
    assert len(contact_rows(store, "incentive", start, end, None)) == 2
    assert len(contact_rows(store, "incentive", start, end, None, "points")) == 1
    assert len(contact_rows(store, "visit", start, end, None)) == 1
    assert len(contact_rows(store, "visit", start, end, None, "letter")) == 0
