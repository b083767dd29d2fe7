"""`regulars effects` writes page, workbook and JSON, and says in one line what is missing."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from planning.plan_folder import Plan, read_plan, write_plan
from tests.cli.conftest import Ended
from tests.planning.shops import shop

Regulars = Callable[..., Ended]


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    """A store and two plans, whose visits doubled what was bought."""
    _, plans, _ = shop(tmp_path / "shop", 500, effect=1.0, rounds=2, seed=9)
    (tmp_path / "plans").mkdir()
    for plan in plans:
        write_plan(tmp_path / "plans" / plan.plan_id, plan)
    return tmp_path


def test_effects_are_files_and_a_table(regulars: Regulars, planned: Path) -> None:
    """The table on the terminal has the five verdicts, and the files have the same."""
    arguments = ("effects", planned / "shop" / "store", "--plans", planned / "plans", "--horizon-days", "60")
    ended = regulars(*arguments, "--out", planned / "effects")
    assert ended.code == 0, ended.error
    assert "Up: purchases a customer" in " ".join(ended.error.split())
    assert "plans that are over: " in ended.error
    content = json.loads((planned / "effects" / "effects.json").read_text())
    assert [row["measure"] for row in content["measures"]][2] == "purchases"
    assert content["measures"][2]["verdict"] == "up"
    assert (planned / "effects" / "effects.html").stat().st_size > 10_000
    assert (planned / "effects" / "effects.xlsx").exists()
    chinese = regulars(*arguments, "--out", planned / "zh", "--language", "zh")
    assert "上升：" in chinese.error


def test_another_plan_is_asked_about(regulars: Regulars, planned: Path) -> None:
    """What it would have brought is a line, and in the files; a plan of another week is refused in one line."""
    first = read_plan(planned / "plans" / "week-1")
    fewer = first.items.iloc[20:].assign(plan_id="fewer")
    for name, week in (("fewer", first.manifest["week"]), ("later", "2030-W01")):
        write_plan(planned / name, Plan(fewer, {**first.manifest, "plan_id": "fewer", "week": week}))
    arguments = ("effects", planned / "shop" / "store", "--plans", planned / "plans", "--horizon-days", "60")
    ended = regulars(*arguments, "--out", planned / "out", "--what-if", planned / "fewer")
    assert ended.code == 0, ended.error
    assert "Purchases a customer would have been" in " ".join(ended.error.split())
    content = json.loads((planned / "out" / "effects.json").read_text())
    assert content["what_if"]["values"]["purchases"]["effective_sample_size"] >= 100
    assert "What if: plan fewer instead of week-1" in (planned / "out" / "effects.html").read_text()
    ended = regulars(*arguments, "--out", planned / "out", "--what-if", planned / "later")
    assert ended.code == 1
    assert "no plan of week 2030-W01 was carried out" in " ".join(ended.error.split())
    assert "outcomes" not in ended.error  # refused before the log is read


def test_what_is_missing_is_one_line(regulars: Regulars, planned: Path) -> None:
    """No plan in the folder, and no horizon that is over, end with 1 and one line; no folder with 2."""
    (planned / "empty").mkdir()
    store = planned / "shop" / "store"
    for plans, days, code, said in (
        ("empty", "60", 1, "no plan is given"),
        ("plans", "200", 1, "append later events"),
        ("none", "60", 2, "does not exist"),
    ):
        ended = regulars("effects", store, "--plans", planned / plans, "--horizon-days", days, "--out", planned / "out")
        assert ended.code == code
        assert said in ended.error
        assert "Traceback" not in ended.error
    assert not (planned / "out").exists()
