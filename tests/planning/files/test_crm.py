"""The CSV for a CRM: all rows to do, readable by a spreadsheet, no formulas."""

import csv
from pathlib import Path

from planning.files.crm import COLUMNS, ENTERED, write_crm
from planning.files.rep_rows import rows_to_do
from planning.plan_folder import Plan


def test_all_rows(tmp_path: Path, plan: Plan) -> None:
    """Byte order mark, CRLF, a guarded formula, those without a rep, columns to fill."""
    write_crm(tmp_path / "crm.csv", rows_to_do(plan))
    data = (tmp_path / "crm.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == 5
    rows = list(csv.DictReader(data.decode("utf-8-sig").splitlines()))
    assert list(rows[0]) == [*COLUMNS, *ENTERED]
    assert [each["customer_id"] for each in rows] == ["<b>&", "learn", "'=cmd|' /C calc'!A0", "客户"]
    assert rows[0]["day"] == "2026-11-23"
    assert rows[0]["start"] == "09:00"
    assert rows[0]["why"] == "'=1+1 is a <fact>; second"
    assert not any(each[name] for each in rows for name in ENTERED)
