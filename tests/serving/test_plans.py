"""The plans of a folder: found by their ids, never half of one, and what is damaged is named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from features.errors import PlanError
from planning.plan_folder import MANIFEST_FILE, PLAN_FILE
from serving.plans import ITEM_SCHEMA, items_of, list_plans, pages_of
from tests.serving.planned import CONTROL, LATER_ID, PLAN_ID, plans_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return plans_folder(tmp_path / "plans")


def test_plans_are_listed_with_what_replaces_them(folder: Path) -> None:
    """By week and cutoff, whatever their folders are called; other files and folders beside them are none."""
    (folder / "notes.txt").write_text("x")
    (folder / "first").rename(folder / "zz")
    listed = list_plans(folder)
    assert [(plan.plan_id, plan.replaced_by) for plan in listed.plans] == [(PLAN_ID, LATER_ID), (LATER_ID, None)]
    assert listed.plans[0].as_of.isoformat() == "2026-11-20T01:00:00+01:00"
    assert listed.unusable == []


def test_without_a_folder_there_are_no_plans(tmp_path: Path) -> None:
    """Until the first is made; a file in its place is an error in one line."""
    assert list_plans(tmp_path / "none").plans == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(PlanError, match="file cannot be read as a folder of plans"):
        list_plans(tmp_path / "file")


def test_rows_to_carry_out_are_in_the_order_of_the_week(folder: Path) -> None:
    """Their times have the zone; neither the control group nor how customers were drawn is among them."""
    items = items_of(list_plans(folder).plans[0])
    assert items["customer_id"].to_pylist() == ["<b>&", "learn", "visited", "客户"]
    assert items["start"][0].as_py().isoformat() == "2026-11-23T09:00:00+01:00"
    assert items["start"][3].as_py() is None
    assert not {"arm", "propensity", "propensities", "eligible_actions", "limit"} & set(items.column_names)
    assert items.column_names == ITEM_SCHEMA.names
    assert CONTROL not in str(items.to_pylist())


def test_pages_are_those_for_people(folder: Path, tmp_path: Path) -> None:
    """No other file of the folder is one, nor what a link outside leads to."""
    (tmp_path / "secret.html").write_text("secret")
    (folder / "first" / "reps" / "x.html").symlink_to(tmp_path / "secret.html")
    assert set(pages_of(list_plans(folder).plans[0])) == {"plan.html", "reps/r07.html", "reps/王芳.html"}


def rewritten(**changes: object) -> Callable[[Path], None]:
    """Return what changes or removes (None) keys of a manifest."""

    def change(folder: Path) -> None:
        file = folder / MANIFEST_FILE
        manifest = json.loads(file.read_text()) | changes
        file.write_text(json.dumps({key: value for key, value in manifest.items() if value is not None}))

    return change


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / MANIFEST_FILE).write_text("{"), "cannot be read"),
        (lambda folder: (folder / MANIFEST_FILE).write_bytes(b"\xff\xfe"), "cannot be read"),
        (lambda folder: (folder / MANIFEST_FILE).write_text("[]"), "has format 'list'"),
        (lambda folder: (folder / MANIFEST_FILE).unlink(), "has no manifest.json"),
        (rewritten(format=99), "has format 99"),
        (rewritten(plan_id=None), "has no plan_id"),
        (rewritten(plan_id=7), "has no plan_id"),
        (rewritten(timezone="Mars/Base"), "Mars/Base"),
        (rewritten(as_of="soon"), "soon"),
    ],
)
def test_a_folder_whose_manifest_is_damaged_is_named(
    damage: Callable[[Path], object], reason: str, folder: Path
) -> None:
    """With the reason and without the path to it; the other plan is there as before."""
    damage(folder / "first")
    listed = list_plans(folder)
    assert [plan.plan_id for plan in listed.plans] == [LATER_ID]
    [found] = listed.unusable
    assert found.name == "first"
    assert reason in found.reason
    assert str(folder.parent) not in found.reason


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / PLAN_FILE).write_bytes(b"x"), "was changed after the plan was made"),
        (lambda folder: (folder / PLAN_FILE).unlink(), "has no plan.parquet"),
        (lambda folder: ((folder / PLAN_FILE).unlink(), (folder / PLAN_FILE).mkdir()), "cannot be read"),
    ],
)
def test_rows_that_are_damaged_are_an_error(damage: Callable[[Path], object], reason: str, folder: Path) -> None:
    """Also when they were read before; mended, they are read again."""
    plan = list_plans(folder).plans[0]
    items_of(plan)
    shutil.copy(folder / "first" / PLAN_FILE, folder / "copy")
    damage(folder / "first")
    with pytest.raises(PlanError, match=reason):
        items_of(plan)
    shutil.rmtree(folder / "first" / PLAN_FILE) if (folder / "first" / PLAN_FILE).is_dir() else None
    shutil.copy(folder / "copy", folder / "first" / PLAN_FILE)
    assert items_of(plan).num_rows == 4


def test_a_plan_that_is_there_twice_is_in_neither_place(folder: Path) -> None:
    """Records would go to one of them by chance."""
    shutil.copytree(folder / "first", folder / "backup")
    listed = list_plans(folder)
    assert [plan.plan_id for plan in listed.plans] == [LATER_ID]
    assert {each.name for each in listed.unusable} == {"first", "backup"}
    assert {each.plan_id for each in listed.unusable} == {PLAN_ID}
