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
