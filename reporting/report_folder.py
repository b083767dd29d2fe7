"""The folder of a report: its page, its workbook, and every table as a file."""

from pathlib import Path
from typing import Literal

from reporting.build import Report
from reporting.contact_lists import in_words
from reporting.cover import report_cover
from reporting.export import write_tables
from reporting.page.customer_pages import write_customer_pages
from reporting.page.html_page import write_page
from reporting.workbook import write_workbook

PAGE, WORKBOOK, TABLES, CUSTOMERS = "report.html", "report.xlsx", "tables", "customers"


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
    for_people = {**report.tables, "contact_lists": in_words(report.tables["contact_lists"], language)}
    write_workbook(folder / WORKBOOK, for_people, report_cover(report, language))
    write_customer_pages(folder / CUSTOMERS, report, language)
    write_page(folder / PAGE, report, language)
