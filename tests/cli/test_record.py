"""`regulars record`: what came back of a plan, and its events in a store."""

from collections.abc import Callable
from pathlib import Path

from features.store.event_store import open_store
from tests.cli.conftest import Ended
from tests.planning.record_plans import ITEMS, csv_of, plan_folder

Regulars = Callable[..., Ended]
NOW = ("--recorded-at", "2026-11-27")


def test_a_week_is_recorded_and_appended(log: Path, regulars: Regulars) -> None:
    """The lines account for every row, and the second time nothing changes."""
    regulars("ingest", log, "--out", "store")
    plan_folder(Path("plan"))
    rows = (
        {"plan_item": ITEMS["c1"], "status": "done", "outcome": "ordered"},
        {"plan_item": ITEMS["c2"], "status": "skipped", "reason": "not_there"},
        {"plan_item": "P0", "status": "done"},
    )
    csv_of(Path("r1.csv"), *rows)
    ended = regulars("record", "plan", "r1.csv", *NOW, "--append", "store")
    assert ended.code == 0, ended.error
    assert "3 rows in: 2 used, 1 quarantined, 0 superseded, 0 seen before, 0 not filled in" in ended.error
    assert "skipped: 1 not_there" in ended.error
    assert "0 of 1 customer left alone at random (the hold-out) were contacted all the same" in ended.error
    assert "c1" in open_store("store").customer_ids.to_pylist()
    events = open_store("store").n_events
    again = regulars("record", "plan", "r1.csv", *NOW, "--append", "store")
    assert "2 seen before" in again.error
    assert open_store("store").n_events == events


def test_there_must_be_a_plan(log: Path, regulars: Regulars) -> None:
    """One line, exit code 1."""
    Path("none").mkdir()
    csv_of(Path("r1.csv"), {"plan_item": "P0", "status": "done"})
    ended = regulars("record", "none", "r1.csv")
    assert (ended.code, ended.error.count("\n")) == (1, 1)
    assert "is no plan" in ended.error


def test_a_file_of_which_every_row_is_faulty_fails(log: Path, regulars: Regulars) -> None:
    """With the reasons and the file of faulty rows; exit code 1."""
    plan_folder(Path("plan"))
    csv_of(Path("r1.csv"), {"plan_item": "P0", "status": "done"}, {"plan_item": ITEMS["c1"], "status": "ready"})
    ended = regulars("record", "plan", "r1.csv", *NOW)
    assert ended.code == 1
    assert "all 2 rows are faulty: nothing was added" in " ".join(ended.error.split())
    assert "1  status is unknown" in ended.error


def test_a_file_of_which_nothing_is_filled_in_fails(log: Path, regulars: Regulars) -> None:
    """Blank rows, and a table that is none of a plan: one line and exit code 1, for nothing was done."""
    plan_folder(Path("plan"))
    csv_of(Path("r1.csv"), {"plan_item": ITEMS["c1"], "status": None, "note": None})
    csv_of(Path("ids.csv"), {"customer_id": "c1"}, {"customer_id": "c2"})
    for file, message in (
        ("r1.csv", "nothing is filled in: 1 of 1 row is blank"),
        ("ids.csv", "has no column status"),
    ):
        ended = regulars("record", "plan", file, *NOW)
        assert ended.code == 1
        assert message in " ".join(ended.error.split())
        assert "Traceback" not in ended.error


def test_the_quarantine_file_is_mended_and_recorded_as_the_line_says(log: Path, regulars: Regulars) -> None:
    """Whatever columns the file has; another file in between leaves it, and a line says so."""
    plan_folder(Path("plan"))
    csv_of(Path("r1.csv"), {"plan_item": ITEMS["c1"], "value": 57.5, "status": "skipped", "reason": "rain"})
    csv_of(Path("r2.csv"), {"plan_item": ITEMS["c2"], "status": "done"})
    first = regulars("record", "plan", "r1.csv", "r2.csv", *NOW)
    assert "the faulty rows are in plan/records-quarantine.csv: mend them and record that file" in first.error
    kept = Path("plan/records-quarantine.csv").read_text(encoding="utf-8-sig")
    assert kept.splitlines()[1].startswith("r1.csv,1,reason,rain,")
    between = regulars("record", "plan", "r2.csv", *NOW)
    assert "1 faulty row of earlier readings has not been mended" in between.error
    assert Path("plan/records-quarantine.csv").read_text(encoding="utf-8-sig") == kept
    Path("plan/records-quarantine.csv").write_text(kept.replace("skipped,rain", "skipped,not_there"))
    again = regulars("record", "plan", "plan/records-quarantine.csv", *NOW)
    assert (again.code, Path("plan/records-quarantine.csv").exists()) == (0, False)
    assert "skipped: 1 not_there" in again.error
    assert "nothing new: the only row that is filled in" in regulars("record", "plan", "r2.csv", *NOW).error


def test_customers_whom_nobody_knew_are_named(log: Path, regulars: Regulars) -> None:
    """With a store those that it lacks; without one those that the plan had not heard of."""
    regulars("ingest", log, "--out", "store")
    plan_folder(Path("plan"))
    known = open_store("store").customer_ids.to_pylist()[0]
    met = {"status": "done", "channel": "phone", "done_at": "2026-11-24"}
    csv_of(Path("met.csv"), {"customer_id": known, **met}, {"customer_id": "X1", **met})
    alone = regulars("record", "plan", "met.csv", *NOW)
    assert (
        f"2 customers met outside the plan ({min(known, 'X1')}, {max(known, 'X1')}) were not in the log" in alone.error
    )
    assert "they would become new customers" in alone.error
    appended = regulars("record", "plan", "met.csv", *NOW, "--append", "store")
    assert "1 customer met outside the plan (X1) was not in the log: it becomes a new customer" in appended.error


def test_an_event_that_is_not_done_any_more_is_named(log: Path, regulars: Regulars) -> None:
    """The store keeps it, and the line says how it gets rid of it."""
    regulars("ingest", log, "--out", "store")
    plan_folder(Path("plan"))
    row = {"plan_item": ITEMS["c1"], "status": "done", "recorded_at": "2026-11-24T10:00:00Z"}
    csv_of(Path("r1.csv"), row)
    before = open_store("store").n_events
    regulars("record", "plan", "r1.csv", *NOW, "--append", "store")
    csv_of(Path("r2.csv"), row | {"status": "skipped", "reason": "other", "recorded_at": "2026-11-25T10:00:00Z"})
    ended = regulars("record", "plan", "r2.csv", *NOW, "--append", "store")
    assert open_store("store").n_events == before + 1
    assert "1 record no longer says done" in ended.error
    assert "regulars store rollback" in ended.error


def test_a_file_read_before_is_told_from_one_that_changed(regulars: Regulars) -> None:
    """By name: unchanged, changed with so many new rows, or new, of which nothing is said."""
    plan_folder(Path("plan"))
    first = {"plan_item": ITEMS["c1"], "status": "done", "outcome": "ordered"}
    csv_of(Path("r1.csv"), first)
    assert "read before" not in regulars("record", "plan", "r1.csv", *NOW).error
    csv_of(Path("r2.csv"), {"plan_item": ITEMS["c2"], "status": "done"})
    both = regulars("record", "plan", "r1.csv", "r2.csv", *NOW).error
    assert "r1.csv was read before and is unchanged: nothing in it is new" in both
    assert "r2.csv" not in both.split("->")[0]
    csv_of(Path("r1.csv"), first | {"outcome": "interested"})
    changed = regulars("record", "plan", "r1.csv", *NOW).error
    assert "r1.csv changed since it was read: 1 row of it is new" in changed
