"""The folder of a report holds its page, its workbook and its tables."""

from pathlib import Path

from reporting.build import Report
from reporting.report_folder import CUSTOMERS, PAGE, TABLES, WORKBOOK, write_report


def test_a_folder_has_page_workbook_and_tables(report: Report, tmp_path: Path) -> None:
    """It is made, a second writing replaces its files, and the page begins in the language asked for."""
    for language in ("en", "zh"):
        write_report(tmp_path / "new" / "report", report, language)  # type: ignore[arg-type]
        assert {each.name for each in (tmp_path / "new" / "report").iterdir()} == {PAGE, WORKBOOK, TABLES, CUSTOMERS}
        assert f'<html lang="{language}">' in (tmp_path / "new" / "report" / PAGE).read_text()
    tables = {each.stem for each in (tmp_path / "new" / "report" / TABLES).iterdir()}
    assert tables >= {name for name, table in report.tables.items() if len(table)}
