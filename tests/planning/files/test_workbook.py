"""A rep's workbook opens as it was written: texts stay texts, drop-downs offer the words, columns to fill are empty."""

import time
from pathlib import Path

import openpyxl
import pandas as pd

from planning.files.rep_rows import rows_of, rows_to_do
from planning.files.translations import COLUMN_MEANINGS
from planning.files.workbook import ENTERED, EXTRA_ROWS, PLANNED, Choices, write_workbook
from planning.plan_folder import Plan
from planning.record_rows import STATUSES

CHOICES = Choices(("not_there", "other"), ("ordered", "refused"), ("phone", "email"), 10)


def test_what_is_planned_and_what_is_to_fill(tmp_path: Path, plan: Plan) -> None:
    """One row a visit; an id that looks like a formula is a text; entered columns are empty."""
    write_workbook(tmp_path / "r.xlsx", rows_of(rows_to_do(plan), "R07"), CHOICES)
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx")["plan"]
    head = [cell.value for cell in sheet[1]]
    assert head == [*PLANNED, *ENTERED]
    assert set(head) == set(COLUMN_MEANINGS)
    rows = [dict(zip(head, [cell.value for cell in row], strict=True)) for row in sheet.iter_rows(min_row=2)]
    assert [each["customer_id"] for each in rows[:2]] == ["<b>&", "=cmd|' /C calc'!A0"]
    assert {cell.data_type for cell in sheet["D"][1:3]} == {"s"}
    assert rows[0]["why"] == "=1+1 is a <fact>\nsecond"
    assert str(rows[0]["time"]) == "2026-11-23 09:00:00"
    assert {name: each[name] for each in rows for name in ENTERED} == dict.fromkeys(ENTERED)
    assert len(rows) == 2 + EXTRA_ROWS
    assert all(each["plan_item"] is None for each in rows[2:])


def test_drop_downs(tmp_path: Path, plan: Plan) -> None:
    """Status, reason, outcome by list; ratings up to the scale's maximum; the channel only of added rows."""
    write_workbook(tmp_path / "r.xlsx", rows_of(rows_to_do(plan), "R07"), CHOICES)
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx")["plan"]
    letters = {cell.value: cell.column_letter for cell in sheet[1]}
    found = {str(each.sqref): each for each in sheet.data_validations.dataValidation}
    last = 1 + 2 + EXTRA_ROWS
    for name, words in (("status", STATUSES), ("reason", CHOICES.reasons), ("outcome", CHOICES.outcomes)):
        assert found[f"{letters[name]}2:{letters[name]}{last}"].formula1 == f'"{",".join(words)}"'
    rating = found[f"{letters['satisfaction']}2:{letters['satisfaction']}{last}"]
    assert (rating.type, rating.formula1, rating.formula2) == ("decimal", "0", "10")
    assert found[f"{letters['channel']}4:{letters['channel']}{last}"].formula1 == '"phone,email"'


def test_5000_rows_in_five_seconds(tmp_path: Path, plan: Plan) -> None:
    """Processor time, so that a busy machine fails nothing."""
    rows = pd.concat([rows_of(rows_to_do(plan), "R07")] * 2500, ignore_index=True)
    begun = time.process_time()
    write_workbook(tmp_path / "r.xlsx", rows, CHOICES)
    assert time.process_time() - begun < 5
