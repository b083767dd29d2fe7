"""How a plan stands: its rows by status, and the groups beside them."""

from collections import Counter
from pathlib import Path

from planning.plan_folder import read_plan
from planning.record_summary import record_summary
from planning.text_rows import Faults
from tests.planning.record_plans import ITEMS, plan_folder


def test_rows_without_a_record_are_unanswered(tmp_path: Path) -> None:
    """Held-out rows count apart, and so does who was met outside the plan."""
    plan = read_plan(plan_folder(tmp_path / "plan"))
    skipped = {"plan_item": ITEMS["c1"], "status": "skipped", "reason": "other"}
    current = {ITEMS["c1"]: skipped, "O1": {"plan_item": ITEMS["c4"], "status": "done", "reason": None}}
    found = record_summary(plan, current, Counter(), Faults(), 0, tmp_path / "q.csv")
    assert found.statuses == {"unanswered": 2, "skipped": 1}
    assert (found.skipped, found.outside) == ({"other": 1}, 1)
    assert (found.control, found.control_contacted, found.quarantine) == (1, 1, None)
