"""What earlier plans say at a cutoff: contacts, who is left alone, skips that hold, plans that are replaced."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from features.as_of import AsOf
from features.errors import RecordError
from planning.options.earlier_plans import EarlierPlans, read_earlier_plans
from planning.plan_folder import SCHEMA, Plan, read_plan, write_plan
from planning.records import RECORDS_FILE
from tests.planning.record_plans import write_records

DAY = AsOf.parse("2026-11-10", "UTC").day


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plan of week 46, made on 6 November: A, B, C and D to do on the 10th, E held out."""
    rows = []
    for customer in "ABCDE":
        row: dict[str, object] = dict.fromkeys(SCHEMA.names)
        row |= {"plan_id": "p", "plan_item": f"P{customer}", "customer_id": customer, "action": "visit"}
        row |= {"event_type": "visit", "channel": "phone", "arm": "leave" if customer == "E" else "do"}
        row |= {} if customer == "E" else {"day": date(2026, 11, 10)}
        rows.append(row)
    manifest = {"plan_id": "p", "as_of": "2026-11-06", "week": "2026-W46", "horizon_days": 90}
    write_plan(tmp_path / "plan", Plan(pd.DataFrame(rows), manifest))
    return tmp_path / "plan"


def history(
    folder: Path, records: list[dict[str, object]], as_of: str = "2026-11-20", week: str = "2026-W48"
) -> EarlierPlans:
    write_records(folder, records)
    return read_earlier_plans([folder], AsOf.parse(as_of, "UTC"), week, "UTC")


def record(item: str, status: str, reason: str | None = None, at: str = "2026-11-12", done: str | None = None):  # type: ignore[no-untyped-def]
    return {"plan_item": item, "status": status, "reason": reason, "done_at": done, "recorded_at": at}


def test_planned_contacts_count_until_they_were_skipped(folder: Path) -> None:
    """On the day they were made, else on the day planned; who was already in contact counts."""
    found = history(
        folder,
        [
            record("PA", "done", done="2026-11-11T10:00:00Z"),
            record("PB", "skipped", "not_there"),
            record("PC", "skipped", "already_in_contact"),
        ],
    )
    assert found.contacts == {"A": DAY + 1, "C": DAY, "D": DAY}
    assert found.control == {"E"}


def test_left_alone_until_the_horizon_ends(folder: Path) -> None:
    """90 days after the Monday of the plan, made on the Friday before, the customer may be chosen again."""
    assert history(folder, [], "2027-02-06").control == {"E"}
    assert history(folder, [], "2027-02-07").control == frozenset()


def test_nothing_is_known_before_it_was_recorded(folder: Path) -> None:
    """A record at or after the cutoff, and a plan made after it, change nothing."""
    late = record("PB", "skipped", "opted_out", at="2026-11-20")
    assert history(folder, [late]).contacts == history(folder, []).contacts
    assert history(folder, [late]).skips.empty
    early = history(folder, [late], "2026-11-01")
    assert not early.contacts
    assert not early.control


def test_the_latest_record_holds(folder: Path) -> None:
    """Of those before the cutoff; a record of a customer met outside the plan belongs to no item."""
    first, corrected = record("PB", "skipped", "opted_out"), record("PB", "done", at="2026-11-13")
    outside = record("PA", "done") | {"plan_item": None}
    assert history(folder, [corrected, first, outside]).skips.empty
    assert history(folder, [corrected, first], "2026-11-13").skips["customer_id"].tolist() == ["B"]


def test_skips_hold_as_long_as_their_reason(folder: Path) -> None:
    """A bad moment for two weeks, opted out until it is corrected, not there not at all."""
    records = [
        record("PA", "skipped", "bad_moment"),
        record("PB", "skipped", "opted_out"),
        record("PC", "skipped", "not_there"),
    ]
    assert history(folder, records).skips["reason"].tolist() == ["bad_moment", "opted_out"]
    assert history(folder, records, "2026-11-26").skips["reason"].tolist() == ["opted_out"]
    assert history(folder, records).skips["channel"].tolist() == ["phone", "phone"]


def test_a_plan_of_the_same_week_is_replaced(folder: Path) -> None:
    """What it planned is no contact unless it was done; its control group may be chosen, and keeps its arm."""
    found = history(folder, [record("PA", "done")], week="2026-W46")
    assert found.contacts == {"A": DAY}
    assert found.control == frozenset()
    assert [plan.plan_id for plan in found.replaced] == ["p"]
    assert found.arms["arm"].to_dict() == dict.fromkeys("ABCD", "do") | {"E": "leave"}
    assert history(folder, []).arms.empty


def test_a_damaged_file_of_records_is_one_line(folder: Path) -> None:
    """It is named, and no plan is made as if nothing had come back."""
    (folder / RECORDS_FILE).write_bytes(b"PAR1 damaged")
    with pytest.raises(RecordError, match=r"records\.parquet cannot be read"):
        read_earlier_plans([folder], AsOf.parse("2026-11-20", "UTC"), "2026-W48", "UTC")


def test_a_plan_that_another_replaces_counts_only_where_it_was_done(folder: Path) -> None:
    """Also in the plan of a later week, once the plan that replaces it was made; an opt-out recorded of it holds."""
    old = read_plan(folder)
    items = old.items[old.items["customer_id"] == "B"].assign(plan_id="q", plan_item="PQ")
    manifest = {"plan_id": "q", "as_of": "2026-11-07", "week": "2026-W46", "horizon_days": 90, "replaces": ["p"]}
    write_plan(folder.parent / "new", Plan(items, manifest))
    history(folder, [record("PA", "done"), record("PC", "skipped", "opted_out")])

    def known(as_of: str) -> EarlierPlans:
        return read_earlier_plans([folder, folder.parent / "new"], AsOf.parse(as_of, "UTC"), "2026-W48", "UTC")

    assert known("2026-11-20").contacts == {"A": DAY, "B": DAY}
    assert known("2026-11-20").control == frozenset()
    assert known("2026-11-20").skips["customer_id"].tolist() == ["C"]
    assert known("2026-11-06").control == {"E"}
