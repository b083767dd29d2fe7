"""`regulars effects` writes page, workbook and JSON, and says in one line what is missing."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from planning.plan_folder import write_plan
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
