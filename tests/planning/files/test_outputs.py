"""Every file that a plan hands out, and that none of them has a customer who is left alone."""

import zipfile
from dataclasses import replace
from pathlib import Path

from planning.files.outputs import write_files
from planning.plan_folder import Plan, plan_items


def texts_of(folder: Path) -> dict[str, str]:
    """What stands in each file, workbooks unpacked."""
    found = {}
    for path in (each for each in folder.rglob("*") if each.is_file()):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                data = b"".join(book.read(name) for name in book.namelist())
        else:
            data = path.read_bytes().replace(b"\r\n ", b"")
        found[str(path.relative_to(folder))] = data.decode("utf-8", "replace")
    return found


def test_nobody_left_alone_is_in_any_file(tmp_path: Path, plan: Plan) -> None:
    """Neither the customer nor the plan item, in any format."""
    assert write_files(tmp_path, plan) == ["R07", "王芳"]
    texts = texts_of(tmp_path)
    names = ("r07.xlsx", "r07.html", "r07.ics", "王芳.xlsx", "王芳.html", "王芳.ics")
    assert set(texts) == {"plan.html", "crm.csv", *(f"reps/{name}" for name in names)}
    held_out, planned = plan_items("2026-W48-x", ["HELD-OUT", "learn"])
    for text in texts.values():
        assert "HELD-OUT" not in text
        assert held_out not in text
    assert planned in texts["reps/王芳.xlsx"]


def test_a_rep_without_rows_gets_cancellations_alone(tmp_path: Path, plan: Plan) -> None:
    """When a plan replaces another."""
    rest = replace(plan, items=plan.items[plan.items["rep"] != "王芳"])
    assert write_files(tmp_path, rest, [plan]) == ["R07"]
    texts = texts_of(tmp_path)
    assert "reps/王芳.xlsx" not in texts
    assert "STATUS:CANCELLED" in texts["reps/王芳.ics"]
    assert "STATUS:CANCELLED" not in texts["reps/r07.ics"]
