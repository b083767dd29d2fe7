"""A rep's page: the week's customers by day, readable on a phone and without a network."""

from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from planning.files.rendering import write_page

DAYS_ZH = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")


def write_rep_page(path: str | Path, rows: pd.DataFrame, rep: str, week: str, language: str = "en") -> None:
    """Write the rows of one rep as a page.

    Parameters
    ----------
    path : str or Path
        Replaced in one step.
    rows : DataFrame
        Rows of `planning.files.rep_rows.rows_to_do`, by day and time.
    rep, week : str
    language : {"en", "zh"}
        The language shown first.
    """
    records = rows.to_dict("records")
    for record in records:
        record["time"] = "" if pd.isna(record["start"]) else pd.Timestamp(record["start"]).strftime("%H:%M")
        record["facts"] = list(zip(record["reasons"], record["reasons_zh"], strict=True))
    days: list[dict[str, Any]] = [
        {"en": _day(day), "zh": _day_zh(day), "rows": list(group)}
        for day, group in groupby(records, lambda record: record["day"])
    ]
    for day in days:
        day["hours"] = sum(record["minutes"] for record in day["rows"]) / 60
    title = (f"{rep}, week {week}", f"{rep}，{week} 周")
    write_page(path, "rep.html", language, title=title, rep=rep, week=week, days=days, total=len(records))


def _day(day: object) -> str:
    if not isinstance(day, str) and pd.isna(day):  # type: ignore[call-overload]
        return "any day"
    date = pd.Timestamp(str(day))
    return f"{date:%A}, {date.day} {date:%B}"


def _day_zh(day: object) -> str:
    if not isinstance(day, str) and pd.isna(day):  # type: ignore[call-overload]
        return "任意一天"
    date = pd.Timestamp(str(day))
    return f"{date.month} 月 {date.day} 日，{DAYS_ZH[date.weekday()]}"
