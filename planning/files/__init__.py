"""What a plan hands out: a workbook, a page and a calendar a rep, a CSV for CRMs, and the manager's page."""
