"""How a plan stands: its rows by status, and the groups beside them."""

from collections import Counter
from dataclasses import replace
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
    found = record_summary(plan, current, Counter(), Faults(), 0, None)
    assert found.statuses == {"unanswered": 2, "skipped": 1}
    assert (found.skipped, found.outside) == ({"other": 1}, 1)
    assert (found.control, found.holdout, found.control_contacted) == (1, 1, 1)
    drawn = replace(plan, manifest={**plan.manifest, "exploration": [ITEMS["c4"]]})
    apart = record_summary(drawn, current, Counter(), Faults(), 0, None)
    assert (apart.control, apart.holdout, apart.control_contacted) == (1, 0, 1)
