"""Rows of what was done become records of the plan's rows, or of who was met outside it."""

from pathlib import Path

from features.as_of import AsOf
from planning.plan_folder import read_plan
from planning.record_rows import RowChecker
from planning.text_rows import Faults, TextRow
from tests.planning.record_plans import ITEMS, NOW, plan_folder


def records(folder: Path, *cells: dict[str, str]) -> list[dict[str, object]]:
    faults = Faults()
    checker = RowChecker(read_plan(folder), "Europe/Berlin", AsOf.parse(NOW, "UTC").time)
    found, _ = checker.records([TextRow("f", at, dict(each)) for at, each in enumerate(cells, 1)], faults)
    assert not faults.rows
    return found


def test_a_planned_row_takes_what_it_leaves_open_from_the_plan(tmp_path: Path) -> None:
    """Channel, goal, content, rep and time; an offer that was made is sent."""
    folder = plan_folder(tmp_path / "plan")
    visit, offer = records(folder, *({"plan_item": ITEMS[name], "status": "done"} for name in ("c1", "c3")))
    assert (visit["channel"], visit["goal"], visit["content"], visit["rep"]) == ("phone", "loyalty", "needs", "R1")
    assert visit["done_at"] == AsOf.parse("2026-11-23T09:00:00+01:00", "UTC").time
    assert (visit["outcome"], offer["outcome"]) == (None, "sent")


def test_outside_the_plan_one_way_and_day_is_one_record(tmp_path: Path) -> None:
    """Unless the source has ids of its own; who is held out has the plan item of that row."""
    folder = plan_folder(tmp_path / "plan")
    row = {"customer_id": "c4", "status": "done", "channel": "phone", "done_at": "2026-11-24 09:00"}
    same, later, other = records(folder, row, row | {"done_at": "2026-11-24 15:00"}, row | {"reference": "7"})
    assert same["record_id"] == later["record_id"] != other["record_id"]
    assert {each["plan_item"] for each in (same, later, other)} == {ITEMS["c4"]}


def faults_of(folder: Path, recorded_at: str, **cells: str) -> list[tuple[str, str]]:
    """The faults of one row done, read at a moment."""
    faults = Faults()
    checker = RowChecker(read_plan(folder), "Europe/Berlin", AsOf.parse(recorded_at, "UTC").time)
    checker.records([TextRow("f", 1, {"status": "done", **cells})], faults)
    return [(column, reason) for _, column, reason in faults.rows]


def test_a_row_whose_time_nobody_gave_takes_no_time_of_reading(tmp_path: Path) -> None:
    """Before the planned day, and without one, done_at is asked for; from that day on the planned time counts."""
    folder = plan_folder(tmp_path / "plan")
    before = faults_of(folder, "2026-11-22T20:00:00+01:00", plan_item=ITEMS["c1"])
    assert before == [
        ("done_at", "is empty, and the planned day, 2026-11-23, is after it was recorded: expected when it was done")
    ]
    assert faults_of(folder, "2026-11-23T08:00:00+01:00", plan_item=ITEMS["c1"]) == []
    assert faults_of(folder, NOW, plan_item=ITEMS["c1"]) == []
    held_out = faults_of(folder, NOW, plan_item=ITEMS["c4"])
    assert held_out == [("done_at", "is empty, and no day was planned: expected when it was done")]
    assert faults_of(folder, NOW, plan_item=ITEMS["c4"], done_at="2026-11-24") == []


def test_nothing_of_a_plan_was_done_before_its_cutoff(tmp_path: Path) -> None:
    """Planned or not; at the cutoff itself it may have been."""
    folder = plan_folder(tmp_path / "plan")
    for cells in ({"plan_item": ITEMS["c1"]}, {"customer_id": "c9", "channel": "phone"}):
        [(column, reason)] = faults_of(folder, NOW, done_at="2026-11-19 23:59", **cells)
        assert (column, reason) == (
            "done_at",
            "is before 2026-11-20, when the plan was made: expected when it was done since",
        )
        assert faults_of(folder, NOW, done_at="2026-11-20 00:00", **cells) == []
