"""A contact is what somebody did: neither a failed try nor what became of an incentive later."""

from pathlib import Path

import pandas as pd
import pytest

from features.as_of import AsOf
from features.ingestion.ingest import ingest
from features.store.event_store import EventStore, open_store
from planning.contacts import carried_out, contact_rows, last_contact_day

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


def test_rows_are_of_the_window(store: EventStore) -> None:
    """Those at its end and what became of an incentive are no part of it."""
    start, end = (AsOf.parse(day, "UTC").time for day in ("2026-01-01", "2026-01-12"))
    assert len(contact_rows(store, "incentive", start, end, None)) == 2
    assert len(contact_rows(store, "visit", start, end, None)) == 1


PLAN = [
    ("P1", "A", "visit", "phone", "do"),
    ("P2", "B", "visit", "phone", "do"),
    ("P3", "C", "visit", "phone", "do"),
    ("P4", "D", "visit", "phone", "leave"),
    ("P5", "E", "visit", "face_to_face", "do"),
    ("P6", "F", "incentive", "letter", "do"),
]
CONTACTS = [
    ("A", "2026-01-07", "visit", "phone", "neutral", "P1"),
    ("B", "2026-01-20", "visit", "email", "neutral", "P2"),  # by another channel, and after the week
    ("C", "2026-01-07", "visit", "phone", "neutral", None),  # not what was planned: the log names what was
    ("D", "2026-01-07", "visit", "phone", "neutral", None),
    ("E", "2026-01-07", "visit", "face_to_face", "neutral", None),  # of these the log names none
]


def carried(folder, contacts, buckets=1, **given):
    """What `carried_out` says of PLAN, from a log of these contacts."""
    table = pd.DataFrame(
        contacts, columns=["customer_id", "event_time", "event_type", "channel", "outcome", "plan_item"]
    )
    table.to_csv(folder / "log.csv", index=False)
    ingest([folder / "log.csv"], folder / "store", buckets=buckets)
    items = pd.DataFrame(PLAN, columns=["plan_item", "customer_id", "event_type", "channel", "arm"])
    days = [AsOf.parse(day, "UTC") for day in ("2026-01-05", "2026-01-12", "2026-03-01")]
    found = carried_out(open_store(folder / "store"), items, *days, **given)
    return set(items["plan_item"][found])


@pytest.mark.parametrize("buckets", [1, 4])
def test_a_contact_carries_out_the_row_that_it_names(tmp_path: Path, buckets: int) -> None:
    """Whatever its channel and day; where the log names rows of a kind, other contacts carry out none of it.

    By customer, type and channel alone C would be done and B would not.
    """
    assert carried(tmp_path, CONTACTS, buckets) == {"P1", "P2", "P4", "P5"}


def test_without_plan_items_contacts_are_matched_by_type_and_channel(tmp_path: Path) -> None:
    """Within the week: C is done and B, by e-mail and later, is not."""
    assert carried(tmp_path, [(*row[:5], None) for row in CONTACTS]) == {"P1", "P3", "P4", "P5"}


def test_the_row_of_another_plan_carries_out_none_of_this_one(tmp_path: Path) -> None:
    """Nor a contact that failed, though it names the row, nor one that was not known yet."""
    assert carried(tmp_path, [("A", "2026-01-07", "visit", "phone", "neutral", "Q9")]) == set()
    failed = ("A", "2026-01-07", "visit", "phone", "no_contact", "P1")
    (tmp_path / "failed").mkdir()
    assert carried(tmp_path / "failed", [failed, CONTACTS[4]]) == {"P5"}
    (tmp_path / "early").mkdir()
    assert carried(tmp_path / "early", CONTACTS, known_at=AsOf.parse("2026-01-10", "UTC")) == {"P1", "P4", "P5"}
