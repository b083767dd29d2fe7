import json

import numpy as np
import openpyxl
import pytest

from planning.files.effects_tables import MEANINGS, effect_tables, write_effects_json, write_effects_workbook


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


def test_every_column_has_a_meaning(effects_found):
    """The sheet of meanings covers all columns of all tables."""
    tables = effect_tables(effects_found)
    assert {str(column) for table in tables.values() for column in table} <= set(MEANINGS)
    assert len(tables["measures"]) == 5
    assert np.isfinite(tables["by_action"]["change"]).all()
