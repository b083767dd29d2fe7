import json
from dataclasses import replace

import numpy as np
import openpyxl
import pandas as pd
import pytest

from planning.effects.effects_by_action import PooledRounds
from planning.effects.uplift_by_action import uplift_by_action
from planning.files.effects_page import write_effects_page
from planning.files.effects_tables import MEANINGS, effect_tables, write_effects_json, write_effects_workbook
from tests.planning.effects.test_uplift_by_action import rows

ROUND = {"plan_id": ["week-1", "week-2"], "change": [0.1, 0.3], "error": [0.1] * 2, "shrunk": [0.2] * 2}
ROUNDS = {"call": PooledRounds(pd.DataFrame(ROUND | {"shrunk_error": [0.08] * 2}), 0.2, 0.1, 0.1)}


def test_workbook_and_json_have_the_same_figures(effects_found, tmp_path):
    """Each measure's change is the same in both, and that of the estimate; null stays empty."""
    write_effects_workbook(tmp_path / "effects.xlsx", effects_found)
    write_effects_json(tmp_path / "effects.json", effects_found)
    content = json.loads((tmp_path / "effects.json").read_text())
    sheet = openpyxl.load_workbook(tmp_path / "effects.xlsx")["measures"]
    head, *rows = sheet.iter_rows(values_only=True)
    for row, stored, measure in zip(rows, content["measures"], effects_found.measures, strict=True):
        change = dict(zip(head, row, strict=True))["change"]
        assert change == stored["change"] if change is None else change == pytest.approx(stored["change"])
        assert (change is None) == (measure.effect is None)
        if measure.effect:
            assert stored["change"] == measure.effect.estimate
    assert content["horizon_days"] == 60
    assert content["complier_effect"]["estimate"] == effects_found.complier_effect.estimate


def test_texts_stay_texts(effects_found, tmp_path):
    """A text that begins like a formula is stored as a text."""
    write_effects_workbook(tmp_path / "effects.xlsx", effects_found)
    sheet = openpyxl.load_workbook(tmp_path / "effects.xlsx")["by_action"]
    cells = [cell for cell in sheet["A"] if cell.value == "=1+1<b>"]
    assert [cell.data_type for cell in cells] == ["s"]


def test_every_column_has_a_meaning(effects_found, tmp_path):
    """The sheet of meanings covers all columns of all tables, those of differences between customers included."""
    uplift = uplift_by_action(rows(600, lambda facts: 0.5 * (facts["visits_phone"] > 0)))
    effects_found = replace(effects_found, uplift=uplift, rounds=ROUNDS)
    tables = effect_tables(effects_found)
    assert tables["uplift"]["figure"].tolist() == list(uplift["call"].figures)
    assert tables["rounds"]["change_share"].tolist() == [0.1, 0.3, 0.2]
    write_effects_workbook(tmp_path / "effects.xlsx", effects_found)
    write_effects_page(tmp_path / "effects.html", effects_found)
    page = (tmp_path / "effects.html").read_text()
    assert "calibration slope" in page
    assert "mean +20 %, 95 % interval +0 % to +40 %; rounds differ by 10 %" in page
    assert {str(column) for table in tables.values() for column in table} <= set(MEANINGS)
    assert len(tables["measures"]) == 5
    assert np.isfinite(tables["by_action"]["change"]).all()
