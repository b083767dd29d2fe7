"""Whether a verdict holds at every date, in sentences made from the table of verdicts."""

import pandas as pd

from reporting.log_warnings import Notice
from reporting.number_formats import count
from reporting.verdicts import verdict


def stability(verdicts: pd.DataFrame) -> list[Notice]:
    """Return for each outcome at how many dates each side was ahead.

    Parameters
    ----------
    verdicts : pandas.DataFrame
        What `reporting.trials.verdict_table` returns.

    Returns
    -------
    list of (str, dict)
        Keys and arguments of the page's texts: `stability.all_model`, `all_rule` and `all_open` where all dates agree;
        `stability.some_model` and `some_rule` where one side was ahead at some dates and the other at none;
        `stability.mixed` where each was ahead somewhere. Nothing for an outcome known at one date only.
    """
    notices: list[Notice] = []
    for outcome, rows in verdicts.groupby("outcome", sort=False):
        if len(rows) < 2:
            continue
        ahead = [verdict(low, high) for low, high in zip(rows["low"], rows["high"], strict=True)]
        counts = {name: ahead.count(name) for name in ("model", "rule", "open")}
        figures = {"outcome": f"@headline.{outcome}_title", "dates": count(len(rows))}
        figures |= {name: count(number) for name, number in counts.items()}
        notices.append((f"stability.{_kind(counts, len(rows))}", figures))
    return notices


def _kind(counts: dict[str, int], dates: int) -> str:
    for name, number in counts.items():
        if number == dates:
            return f"all_{name}"
    if counts["model"] and counts["rule"]:
        return "mixed"
    return "some_model" if counts["model"] else "some_rule"
