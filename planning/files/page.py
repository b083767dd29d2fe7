"""The manager's page of a plan: sentences, a line a rep, the limits, the border, what another budget would bring."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from planning.files.rendering import write_page
from planning.files.rep_rows import file_names, reps_of, rows_of, rows_to_do
from planning.plan_folder import Plan
from planning.summary import PASSED_OVER, count_of, sentences


def write_plan_page(path: str | Path, plan: Plan, language: str = "en") -> None:
    """Write the manager's page.

    Parameters
    ----------
    path : str or Path
        Replaced in one step.
    plan : Plan
    language : {"en", "zh"}
        The language shown first.
    """
    manifest, rows = plan.manifest, rows_to_do(plan)
    currency = manifest["catalogue"]["currency"]
    limits = [{**each, "share": _share(each["used"], each["capacity"])} for each in manifest["limits"]]
    write_page(
        path,
        "plan.html",
        language,
        title=(f"Plan for week {manifest['week']}", f"{manifest['week']} 周计划"),
        manifest=manifest,
        currency=currency,
        sentences=sentences(manifest),
        warnings=manifest["warnings"],
        reps=_reps(rows, limits),
        actions=_actions(rows),
        limits=[each for each in limits if each["capacity"] is not None and not _in_reps(each)],
        passed_over=[
            (texts, manifest["passed_over"][reason])
            for reason, texts in PASSED_OVER.items()
            if manifest["passed_over"].get(reason)
        ],
        border=manifest["borderline"],
        what_if=[{**each, **_change(each)} for each in manifest["what_if"]],
    )


def _in_reps(limit: Mapping[str, Any]) -> bool:
    """Return whether a limit stands in the table of reps."""
    return limit["rep"] is not None and limit["unit"] == "minutes"


def _share(used: float, capacity: float | None) -> float:
    return min(used / capacity, 1.0) if capacity else 0.0


def _reps(rows: pd.DataFrame, limits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a line a rep: hours, customers, value, and what an hour more is worth."""
    reps = reps_of(rows)
    names = file_names(reps)
    found = []
    for rep in reps:
        own = rows_of(rows, rep)
        limit: Mapping[str, Any] = next(
            (each for each in limits if each["rep"] == rep and each["unit"] == "minutes"), {}
        )
        found.append(
            {
                "rep": rep,
                "link": f"reps/{names[rep]}.html",
                "counts": [
                    count_of(str(channel), int(number)) for channel, number in own["channel"].value_counts().items()
                ],
                "hours": float(own["minutes"].sum()) / 60,
                "capacity": limit["capacity"] / 60 if limit else None,
                "share": _share(float(own["minutes"].sum()), limit.get("capacity")),
                "value": float(own["value_expected"].sum()),
                "price": 60 * limit["price"] if limit else None,
            }
        )
    return found


def _actions(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "action": action,
            "channel": table["channel"].iloc[0],
            "count": len(table),
            "value": float(table["value_expected"].sum()),
            "cost": float(table["cost_expected"].sum()),
        }
        for action, table in rows.groupby("action", sort=True)
    ]


def _change(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a what-if in words."""
    if row["change"] == "rep":
        return {"en": f"without {row['name']}", "zh": f"没有 {row['name']}"}
    percent = round(100 * (row["factor"] - 1))
    return {"en": f"{row['name'].replace('_', ' ')} {percent:+d} %", "zh": f"预算 {percent:+d}%"}
