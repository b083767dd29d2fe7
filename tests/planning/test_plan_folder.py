"""A plan folder is written once, whole, equal to the byte each time, and never changed."""

from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest

from features.errors import PlanError
from planning.plan_folder import (
    MANIFEST_FILE,
    PLAN_FILE,
    SCHEMA,
    Plan,
    plan_folders,
    plan_items,
    read_plan,
    write_plan,
)

MANIFEST = {"plan_id": "2026-W48-x", "as_of": "2026-11-20", "week": "2026-W48", "timezone": "UTC"}


def some_plan(**manifest: object) -> Plan:
    """Two decisions, one of them held out."""
    rows = []
    for customer_id, arm in (("=C1", "do"), ("客户2", "leave")):
        row: dict[str, object] = dict.fromkeys(SCHEMA.names)
        row |= {"plan_id": "2026-W48-x", "plan_item": plan_items("2026-W48-x", [customer_id])[0]}
        row |= {"customer_id": customer_id, "action": "visit", "event_type": "visit", "channel": "face_to_face"}
        row |= {"arm": arm, "propensity": 0.8, "eligible_actions": ["visit"], "propensities": [0.8], "reasons": ["a"]}
        row |= {"reasons_zh": [], "value_expected": 2.5}
        if arm == "do":
            row |= {"day": date(2026, 11, 23), "start": datetime(2026, 11, 23, 9)}
        rows.append(row)
    return Plan(pd.DataFrame(rows), {**MANIFEST, **manifest})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Every column and the manifest come back; nulls stay nulls."""
    plan = some_plan(prices={"hours of R1": 51.5})
    write_plan(tmp_path / "new" / "plan", plan)
    found = read_plan(tmp_path / "new" / "plan")
    assert list(found.items) == SCHEMA.names
    assert found.items["customer_id"].tolist() == ["=C1", "客户2"]
    assert found.items["day"].tolist() == [date(2026, 11, 23), None]
    assert found.items["start"].isna().tolist() == [False, True]
    assert list(found.items["propensities"][0]) == [0.8]
    assert found.manifest["prices"] == {"hours of R1": 51.5}
    assert found.plan_id == "2026-W48-x"
    assert found.assigned["customer_id"].tolist() == ["=C1"]


def test_a_plan_of_nothing_is_a_plan(tmp_path: Path) -> None:
    """Without a row, whatever types its columns have."""
    empty = some_plan().items.iloc[:0]
    untyped = pd.DataFrame(columns=SCHEMA.names)
    for number, items in enumerate((empty, untyped, untyped.astype(float))):
        write_plan(tmp_path / str(number), Plan(items, MANIFEST))
        assert read_plan(tmp_path / str(number)).items.empty


def test_equal_to_the_byte(tmp_path: Path) -> None:
    """The same plan gives the same two files."""
    for name in ("first", "second"):
        write_plan(tmp_path / name, some_plan())
    for name in (PLAN_FILE, MANIFEST_FILE):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["first", "second"]


def test_never_overwritten(tmp_path: Path) -> None:
    """A plan, a file or a folder with anything in it is refused and stays as it is; an empty folder is taken."""
    (tmp_path / "empty").mkdir()
    write_plan(tmp_path / "empty", some_plan())
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine")
    for name in ("empty", "file", "full"):
        with pytest.raises(PlanError, match="name a new folder"):
            write_plan(tmp_path / name, some_plan(week="2026-W49"))
    assert read_plan(tmp_path / "empty").manifest["week"] == "2026-W48"
    assert (tmp_path / "full" / "note.txt").read_text() == "mine"


def test_files_that_cannot_be_written_leave_no_plan(tmp_path: Path) -> None:
    """The folder appears with all its files, or not at all; the next attempt is not refused."""

    def fail(folder: Path, plan: Plan) -> None:
        (folder / "page.html").write_text(plan.plan_id)
        raise OSError("no space left on device")

    def succeed(folder: Path, plan: Plan) -> None:
        (folder / "page.html").write_text(plan.plan_id)

    with pytest.raises(OSError, match="no space left"):
        write_plan(tmp_path / "plan", some_plan(), fail)
    assert not list(tmp_path.iterdir())
    write_plan(tmp_path / "plan", some_plan(), succeed)
    assert (tmp_path / "plan" / "page.html").read_text() == read_plan(tmp_path / "plan").plan_id


def test_changed_or_foreign_folders_are_refused(tmp_path: Path) -> None:
    """Each way in which a folder is not a plan is one line that says what to do."""
    write_plan(tmp_path / "plan", some_plan())
    rows = tmp_path / "plan" / PLAN_FILE
    rows.write_bytes(rows.read_bytes() + b" ")
    with pytest.raises(PlanError, match="was changed after"):
        read_plan(tmp_path / "plan")
    rows.unlink()
    with pytest.raises(PlanError, match=r"has no plan\.parquet"):
        read_plan(tmp_path / "plan")
    for text, message in (("{", "cannot be read"), ("[]", "has format 'list'"), ('{"format": 9}', "has format 9")):
        (tmp_path / "plan" / MANIFEST_FILE).write_text(text)
        with pytest.raises(PlanError, match=message):
            read_plan(tmp_path / "plan")
    with pytest.raises(PlanError, match="is no plan"):
        read_plan(tmp_path / "absent")


def test_one_row_an_item(tmp_path: Path) -> None:
    """A customer stands once in a plan."""
    plan = some_plan()
    twice = Plan(pd.concat([plan.items, plan.items]), plan.manifest)
    with pytest.raises(PlanError, match="stands in two rows"):
        write_plan(tmp_path / "plan", twice)
    assert not list(tmp_path.iterdir())


def test_folders_in_the_order_of_weeks(tmp_path: Path) -> None:
    """What is no plan is passed over."""
    write_plan(tmp_path / "a", some_plan(week="2026-W49"))
    write_plan(tmp_path / "b", some_plan(week="2026-W48"))
    (tmp_path / "c").mkdir()
    assert [each.name for each in plan_folders(tmp_path)] == ["b", "a"]
    with pytest.raises(PlanError, match="no folder of plans"):
        plan_folders(tmp_path / "absent")


def test_items_depend_on_plan_and_customer_alone() -> None:
    """Other customers, and their order, change no item; another plan changes all."""
    ids = [f"C{number}" for number in range(1000)]
    items = dict(zip(ids, plan_items("p", ids), strict=True))
    assert items == dict(zip(ids[::-1], plan_items("p", ids[::-1]), strict=True))
    assert len(set(items.values()) | set(plan_items("q", ids))) == 2000
