"""Records of a plan: every row is accounted for, the latest counts, and the plan never changes."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from features.errors import RecordError, StoreError
from features.ingestion.ingest import append, ingest
from features.store.event_store import open_store
from features.store.generations import locked
from features.store.text_codes import texts_of
from planning.plan_folder import MANIFEST_FILE, PLAN_FILE
from planning.record_files import record
from planning.records import EVENTS_FILE, QUARANTINE_FILE, RECORDS_FILE, add_records, current_records
from tests.planning.record_plans import ITEMS, NOW, csv_of, plan_folder

DONE = {"plan_item": ITEMS["c1"], "customer_id": "c1", "status": "done", "outcome": "interested", "satisfaction": 7}
SKIPPED = {"plan_item": ITEMS["c2"], "customer_id": "c2", "status": "skipped", "reason": "bad_moment"}


def accounted(found: object) -> bool:
    """Whether every row is in one of the counts."""
    names = ("used", "quarantined", "superseded", "seen", "blank")
    return getattr(found, "rows_in") == sum(getattr(found, name) for name in names)  # noqa: B009


def test_a_week_comes_back(tmp_path: Path) -> None:
    """Done, skipped and why, unanswered, held out and met all the same, met outside the plan; the plan stays."""
    folder = plan_folder(tmp_path / "plan")
    before = [(folder / name).read_bytes() for name in (PLAN_FILE, MANIFEST_FILE)]
    outside = [
        {"customer_id": name, "status": "done", "channel": "phone", "done_at": "2026-11-24"} for name in ("c4", "c9")
    ]
    file = csv_of(tmp_path / "r1.csv", DONE, SKIPPED, {"plan_item": ITEMS["c3"], "customer_id": "c3"}, *outside)
    found = record(folder, [file], NOW)
    assert accounted(found)
    assert (found.rows_in, found.used, found.blank, found.quarantined) == (5, 4, 1, 0)
    assert found.statuses == {"done": 1, "skipped": 1, "unanswered": 1}
    assert found.skipped == {"bad_moment": 1}
    assert (found.control_contacted, found.control, found.outside) == (1, 1, 2)
    current = current_records(folder).set_index("customer_id")
    assert current.loc["c4", "plan_item"] == ITEMS["c4"]
    assert current["plan_item"].isna().to_dict() == {"c1": False, "c2": False, "c4": False, "c9": True}
    assert str(current.loc["c1", "done_at"]) == "2026-11-23 08:00:00+00:00"
    assert [(folder / name).read_bytes() for name in (PLAN_FILE, MANIFEST_FILE)] == before


def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    """Nor do its rows in another file, later."""
    folder = plan_folder(tmp_path / "plan")
    file = csv_of(tmp_path / "r1.csv", DONE, SKIPPED)
    record(folder, [file], NOW)
    before = [(folder / name).read_bytes() for name in (RECORDS_FILE, EVENTS_FILE)]
    for again in (file, csv_of(tmp_path / "other.csv", SKIPPED, DONE)):
        found = record(folder, [again], "2026-11-29")
        assert accounted(found)
        assert (found.used, found.seen) == (0, 2)
        assert [(folder / name).read_bytes() for name in (RECORDS_FILE, EVENTS_FILE)] == before


def test_events_are_made_again_after_an_end_between_two_writes(tmp_path: Path) -> None:
    """Records that were kept have their events, though the repeat adds none."""
    folder = plan_folder(tmp_path / "plan")
    record(folder, [csv_of(tmp_path / "r1.csv", SKIPPED)], NOW)
    stale = (folder / EVENTS_FILE).read_bytes()
    file = csv_of(tmp_path / "r2.csv", DONE)
    record(folder, [file], NOW)
    whole = (folder / EVENTS_FILE).read_bytes()
    (folder / EVENTS_FILE).write_bytes(stale)
    assert record(folder, [file], NOW).seen == 1
    assert (folder / EVENTS_FILE).read_bytes() == whole


def test_rows_that_were_faulty_and_are_valid_now_are_used(tmp_path: Path) -> None:
    """A file read before changes nothing else, and never what has been recorded since."""
    folder = plan_folder(tmp_path / "plan")
    rows = [DONE, SKIPPED | {"status": "done", "reason": None, "done_at": "2026-11-28 10:00"}]
    file = csv_of(tmp_path / "r1.csv", *rows)
    assert record(folder, [file], NOW).quarantined == 1
    record(folder, [csv_of(tmp_path / "mend.csv", DONE | {"outcome": "ordered"})], "2026-11-28")
    later = record(folder, [file], "2026-11-29")
    assert accounted(later)
    assert (later.used, later.seen, later.quarantined) == (1, 1, 0)
    assert current_records(folder).set_index("customer_id")["outcome"]["c1"] == "ordered"
    again = record(folder, [file, file], "2026-11-30")
    assert (again.rows_in, again.used, again.seen) == (4, 0, 4)
    other = plan_folder(tmp_path / "other")
    record(other, [file], NOW)
    record(other, [csv_of(tmp_path / "mend.csv", SKIPPED)], "2026-11-28")
    assert record(other, [file], "2026-11-29").superseded == 1


def test_a_corrected_row_supersedes_by_the_time_of_its_record(tmp_path: Path) -> None:
    """Whichever is read first; all versions are kept, and an event that was withdrawn is counted."""
    rows = [DONE | {"recorded_at": "2026-11-24"}, SKIPPED | {"plan_item": ITEMS["c1"], "customer_id": "c1"}]
    rows[1] |= {"recorded_at": "2026-11-25"}
    for order in ((0, 1), (1, 0)):
        folder = plan_folder(tmp_path / f"plan{order[0]}")
        found = [record(folder, [csv_of(tmp_path / f"{at}.csv", rows[at])], NOW) for at in order]
        assert current_records(folder)["status"].tolist() == ["skipped"]
        assert len(pd.read_parquet(folder / RECORDS_FILE)) == 2
        assert len(pd.read_parquet(folder / EVENTS_FILE)) == 0
        assert [each.superseded for each in found] == ([0, 0] if order == (0, 1) else [0, 1])
        assert found[1].withdrawn == (order == (0, 1))
    both = record(plan_folder(tmp_path / "both"), [csv_of(tmp_path / "both.csv", *rows)], NOW)
    assert (both.rows_in, both.used, both.superseded) == (2, 1, 1)


@pytest.mark.parametrize(
    ("changed", "column", "reason"),
    [
        ({"plan_item": "P0"}, "plan_item", "is none of the plan"),
        ({"plan_item": None, "customer_id": None}, "customer_id", "is empty"),
        ({"customer_id": "c2"}, "customer_id", "is not the customer of this plan_item"),
        ({"status": "finished"}, "status", "is unknown: expected accepted, done, skipped, moved, unanswered"),
        ({"status": None}, "status", "is empty"),
        ({"status": "skipped"}, "reason", "is empty: expected already_in_contact"),
        ({"status": "skipped", "reason": "rain"}, "reason", "is unknown"),
        ({"status": "moved"}, "outcome", "is given, but the status is moved"),
        ({"outcome": "sent"}, "outcome", "is unknown: expected ordered"),
        ({"satisfaction": 11}, "satisfaction", "is out of range: expected 0 to 10"),
        ({"loyalty": "good"}, "loyalty", "is no number"),
        ({"minutes": -5}, "minutes", "is out of range"),
        ({"done_at": "yesterday"}, "done_at", "is no time"),
        ({"done_at": "2026-11-28"}, "done_at", "is after this reading"),
        ({"done_at": "2026-11-28", "recorded_at": "2026-11-27 12:30"}, "done_at", "is after its recorded_at"),
        ({"done_at": "2019-11-24"}, "done_at", "is before 2026-11-20, when the plan was made"),
        ({"done_at": "24.11.2026"}, "done_at", "may have the day or the month first: write it like 2026-11-24"),
        ({"done_at": "45000"}, "done_at", "looks like the day of a spreadsheet: write it like 2026-11-24"),
        ({"recorded_at": "2027-01-01"}, "recorded_at", "is in the future"),
        ({"plan_item": None, "status": "accepted", "channel": "phone"}, "status", "is for planned rows"),
        ({"plan_item": None}, "channel", "is empty"),
        ({"plan_item": None, "channel": "fax", "done_at": "2026-11-24"}, "channel", "is unknown"),
        ({"plan_item": None, "channel": "phone"}, "done_at", "is empty: expected when the customer was met"),
    ],
)
def test_a_faulty_row_is_quarantined_with_its_reason(
    changed: dict[str, object], column: str, reason: str, tmp_path: Path
) -> None:
    """The others are used, and the row can be mended and read again."""
    folder = plan_folder(tmp_path / "plan")
    found = record(folder, [csv_of(tmp_path / "r1.csv", DONE | changed, SKIPPED)], NOW)
    assert accounted(found)
    assert (found.used, found.quarantined) == (1, 1)
    [text] = found.reasons
    assert text.startswith(f"{column} {reason}")
    bad = pd.read_csv(folder / QUARANTINE_FILE)
    assert bad["column"].tolist() == [column]
    mended = bad.drop(columns=list(changed), errors="ignore").assign(**{name: DONE.get(name) for name in changed})
    mended.to_csv(tmp_path / "mended.csv", index=False)
    again = record(folder, [tmp_path / "mended.csv"], NOW)
    assert (again.used, again.quarantine) == (1, None)
    assert not (folder / QUARANTINE_FILE).exists()


def test_what_was_done_goes_into_the_log_with_its_plan_item(tmp_path: Path) -> None:
    """Appended twice it counts once; a correction is a later version of the same event."""
    log = tmp_path / "log.csv"
    log.write_text("customer_id,event_time,event_type,amount\nc1,2026-10-01,purchase,5\n")
    ingest(log, tmp_path / "store")
    folder = plan_folder(tmp_path / "plan")
    offer = {"plan_item": ITEMS["c3"], "customer_id": "c3", "status": "done"}
    record(folder, [csv_of(tmp_path / "r1.csv", DONE, SKIPPED, offer)], NOW)
    assert append(folder / EVENTS_FILE, tmp_path / "store").kept == 2
    assert append(folder / EVENTS_FILE, tmp_path / "store").kept == 0
    record(folder, [csv_of(tmp_path / "r2.csv", DONE | {"outcome": "ordered"})], "2026-11-28")
    append(folder / EVENTS_FILE, tmp_path / "store")
    store = open_store(tmp_path / "store")
    known = store.known_events()
    assert sorted(text or "" for text in texts_of(store, "plan_item", known).to_pylist()) == sorted(
        ["", ITEMS["c1"], ITEMS["c3"]]
    )
    assert store.columns["outcome"][known].tolist().count(0) == 2  # ordered, and the offer is sent
    assert store.n_events == 4  # both versions of the visit


def test_the_rows_of_a_request_are_taken_whole_or_not(tmp_path: Path) -> None:
    """One faulty row and nothing is recorded; the same request twice changes nothing."""
    folder = plan_folder(tmp_path / "plan")
    good = {name: str(value) for name, value in DONE.items()}
    found = add_records(folder, [good, good | {"plan_item": "P0"}], NOW, "crm")
    assert [(place, column) for place, column, _ in found.faults] == [(1, "plan_item")]
    assert not (folder / RECORDS_FILE).exists()
    found = add_records(folder, [good], NOW, "crm")
    assert (found.summary.used, [outcome for _, _, outcome in found.outcomes]) == (1, ["used"])
    again = add_records(folder, [good], "2026-11-28", "crm")
    assert (again.summary.seen, [outcome for _, _, outcome in again.outcomes]) == (1, ["seen"])


def test_a_request_sent_again_is_known_whatever_came_between(tmp_path: Path) -> None:
    """Done before its planned time its time is that of the request, and what was corrected since stays so."""
    folder = plan_folder(tmp_path / "plan")
    good = {"plan_item": ITEMS["c1"], "status": "done"}
    for hour in (6, 7):  # it was planned for 9 o'clock
        found = add_records(folder, [good], f"2026-11-23T0{hour}:00:00+01:00", "crm")
        assert [outcome for _, _, outcome in found.outcomes] == ["used" if hour == 6 else "seen"]
    add_records(folder, [good | {"status": "moved"}], "2026-11-24", "crm")
    assert add_records(folder, [good], "2026-11-25", "crm").summary.seen == 1
    assert current_records(folder)["status"].tolist() == ["moved"]


def add_one(folder: Path, number: int, seconds: float) -> None:
    """Add one record of a customer met outside the plan."""
    row = {"customer_id": f"n{number}", "status": "done", "channel": "phone", "done_at": "2026-11-24"}
    add_records(folder, [row], NOW, "crm", seconds)


def test_processes_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each waits for the others; every record is there once, with its event."""
    folder = plan_folder(tmp_path / "plan")
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(add_one, [folder] * 24, range(24), [30.0] * 24))
    assert sorted(current_records(folder)["customer_id"]) == sorted(f"n{number}" for number in range(24))
    assert len(pd.read_parquet(folder / EVENTS_FILE)) == 24


def test_a_lock_that_is_not_given_up_and_a_damaged_file_are_one_line(tmp_path: Path) -> None:
    """After waiting as long as was said."""
    folder = plan_folder(tmp_path / "plan")
    lock = locked(folder)
    with pytest.raises(StoreError, match="another process is writing"):
        add_one(folder, 1, 0.1)
    lock.close()
    (folder / RECORDS_FILE).write_text("x")
    with pytest.raises(RecordError, match="cannot be read"):
        add_one(folder, 1, 0.1)
