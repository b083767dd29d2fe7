"""A folder of plans with everything that people are handed: two plans, the first of which the second replaces."""

import dataclasses
from pathlib import Path

import pandas as pd

from planning.files.outputs import write_files
from planning.plan_folder import SCHEMA, Plan, plan_items, write_plan
from tests.planning.files.conftest import MANIFEST, row

LATER_ID = "2026-W48-later"
PLAN_ID = str(MANIFEST["plan_id"])
CONTROL = "HELD-OUT"
ITEMS = dict(zip(("visited", "<b>&", CONTROL), plan_items(PLAN_ID, ["visited", "<b>&", CONTROL]), strict=True))


def plans_folder(folder: Path) -> Path:
    """Write the plans and their files below a folder, and return it."""
    rows = [
        row("visited", "visit", 24, "R07"),
        row("<b>&", "phone", 23, "R07", low=1.0),
        row("learn", "visit", 23, "王芳", content=None),
        row(CONTROL, "visit", None, "R07", arm="leave"),
        row("客户", "coupon_5", None, None, low=None, high=None),
    ]
    first = Plan(pd.DataFrame(rows)[SCHEMA.names], {**MANIFEST, "timezone": "Europe/Berlin"})
    add_plan(folder / "first", first)
    items = first.items.assign(plan_id=LATER_ID, plan_item=plan_items(LATER_ID, first.items["customer_id"]))
    manifest = {**first.manifest, "plan_id": LATER_ID, "as_of": "2026-11-21T00:00:00+01:00", "replaces": [PLAN_ID]}
    add_plan(folder / "later", dataclasses.replace(first, items=items, manifest=manifest))
    (folder / "effects").mkdir()
    (folder / "effects" / "effects.html").write_text("<p>effects</p>")
    return folder


def add_plan(folder: Path, plan: Plan) -> None:
    """Write a plan folder with its files for people."""
    write_plan(folder, plan)
    write_files(folder, plan)
