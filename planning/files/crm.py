"""The rows of a plan as CSV for a CRM, which sends the same columns back filled in."""

from pathlib import Path

import pandas as pd

from features.atomic_file import atomic_write
from features.table_files import escape_formulas

COLUMNS = (
    *("plan_item", "customer_id", "rep", "territory", "day", "start", "minutes_planned", "action", "event_type"),
    *("channel", "goal", "content", "why", "why_zh", "gain", "value"),
)
ENTERED = ("status", "reason", "done_at", "outcome", "satisfaction", "loyalty", "amount", "minutes", "cost", "note")


def write_crm(path: str | Path, rows: pd.DataFrame) -> None:
    """Write all rows that are carried out, those without a rep too, as CSV.

    UTF-8 with a byte order mark and CRLF, so that spreadsheets read it as it is. A text that one would run as a formula
    gets a leading apostrophe.

    Parameters
    ----------
    path : str or Path
        Replaced in one step.
    rows : DataFrame
        Rows of `planning.files.rep_rows.rows_to_do`.
    """
    table = rows.assign(
        start=pd.to_datetime(rows["start"]).dt.strftime("%H:%M"),
        minutes_planned=rows["minutes"],
        why=["; ".join(each) for each in rows["reasons"]],
        why_zh=["；".join(each) for each in rows["reasons_zh"]],
        value=rows["value_expected"].round(2),
    )[list(COLUMNS)]
    with atomic_write(path) as part:
        escape_formulas(table).reindex(columns=[*COLUMNS, *ENTERED]).to_csv(
            part, index=False, encoding="utf-8-sig", lineterminator="\r\n"
        )
