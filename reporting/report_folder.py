"""The folder of a report: its page, its workbook, and every table as a file."""

from pathlib import Path
from typing import Literal

from reporting.build import Report
from reporting.cover import report_cover
from reporting.export import write_tables
from reporting.page.html_page import write_page
from reporting.workbook import write_workbook

PAGE, WORKBOOK, TABLES = "report.html", "report.xlsx", "tables"


def write_report(folder: Path, report: Report, language: Literal["en", "zh"] = "en") -> None:
    """Write a report to a folder, which is made; each file is replaced in one step, the page last.

    Parameters
    ----------
    folder : Path
    report : Report
    language : {"en", "zh"}
        The page's first language; the page can switch it.
    """
    write_tables(folder / TABLES, report.tables)
    write_workbook(folder / WORKBOOK, report.tables, report_cover(report, language))
    write_page(folder / PAGE, report, language)
