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
    assert "0 of 1 customers in the control group were contacted all the same" in ended.error
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
