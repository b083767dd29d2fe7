"""The manager's page of a plan: sentences, a line a rep, the limits, the border, what another budget would bring."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from planning.files.plan_summary import PASSED_OVER, Sentence, count_of, joined, limit_words, sentences
from planning.files.rendering import write_page
from planning.files.rep_rows import file_names, reps_of, rows_of, rows_to_do
from planning.plan_folder import Plan


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
        actions=_actions(rows, manifest),
        limits=[each for each in limits if each["capacity"] is not None and not _in_reps(each)],
        passed_over=[
            (texts, manifest["passed_over"][reason])
            for reason, texts in PASSED_OVER.items()
            if manifest["passed_over"].get(reason)
        ],
        border=_border(manifest),
        comparison=manifest.get("comparison"),
        by_rule=bool(manifest.get("by_rule")),
        planned=manifest["holdout"] if "expected" in manifest["holdout"] else None,
        what_if=[{**each, **_change(each)} for each in manifest["what_if"]],
    )


def _border(manifest: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows at the border with why each is in or out, in words."""
    limits = {each["limit"]: limit_words(each) for each in manifest["limits"]}
    words: dict[str, Callable[[Sentence], Sentence]] = {
        "last_in": lambda names: (f"takes {names[0]}", f"占用{names[1]}"),
        "first_out": lambda names: (f"no room in {names[0]}", f"{names[1]}已无余量"),
    }
    without = {
        "last_in": ("pays, and takes nothing that is used up", "有收益，且不占用已用尽的资源"),
        "first_out": ("brings no more than it costs", "收益不高于成本"),
    }
    by_side: dict[str, list[dict[str, Any]]] = {}
    for side, say in words.items():
        rows = manifest["borderline"].get(side, [])
        named = [[limits[name] for name in row.get("limits", ()) if name in limits] for row in rows]
        by_side[side] = [
            {**row, "why": say((joined([en for en, _ in names]), "、".join(zh for _, zh in names)))}
            if names
            else {**row, "why": without[side] if "limits" in row else ("–", "–")}  # older plans do not say
            for row, names in zip(rows, named, strict=True)
        ]
    return by_side


def _in_reps(limit: Mapping[str, Any]) -> bool:
    """Return whether a limit stands in the table of reps."""
    return limit["rep"] is not None and limit["unit"] == "minutes"


def _share(used: float, capacity: float | None) -> float:
    return min(used / capacity, 1.0) if capacity else 0.0


def _reps(rows: pd.DataFrame, limits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a line a rep: hours, customers, value, and what an hour more is worth."""
    reps = reps_of(rows)
    names = file_names(reps)
    lines = []
    for rep in reps:
        own = rows_of(rows, rep)
        limit: Mapping[str, Any] = next(
            (each for each in limits if each["rep"] == rep and each["unit"] == "minutes"), {}
        )
        lines.append(
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
    return lines


def _actions(rows: pd.DataFrame, manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a line an action, and one, the last, of all rows that were drawn to learn from."""
    exploration = rows["plan_item"].isin(manifest.get("exploration", ()))
    lines = [_line(table, exploration=False) for _, table in rows[~exploration].groupby("action", sort=True)]
    return [*lines, _line(rows[exploration], exploration=True)] if exploration.any() else lines


def _line(rows: pd.DataFrame, *, exploration: bool) -> dict[str, Any]:
    return {
        "action": rows["action"].iloc[0],
        "channel": rows["channel"].iloc[0],
        "exploration": exploration,
        "count": len(rows),
        "value": float(rows["value_expected"].sum()),
        "cost": float(rows["cost_expected"].sum()),
    }


def _change(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a what-if in words, and whether nothing changes: less than a hundredth of a percent of the plan's value.

    So much is within the gap that the allocation proves.
    """
    same = row["difference"] is not None and abs(row["difference"]) <= 1e-4 * abs(row["value"])
    if row["change"] == "rep":
        return {"en": f"without {row['name']}", "zh": f"没有 {row['name']}", "same": same}
    percent = round(100 * (row["factor"] - 1))
    return {"en": f"{row['name'].replace('_', ' ')} {percent:+d} %", "zh": f"预算 {percent:+d}%", "same": same}
