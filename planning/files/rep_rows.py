"""The rows of a plan that people carry out: never a customer who is left alone."""

import re

import pandas as pd

from planning.plan_folder import Plan


def rows_to_do(plan: Plan) -> pd.DataFrame:
    """Return the rows that are carried out, by day, time and customer.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    DataFrame
        The rows of the arm `do`, with `gain` (a word: likely, possible or unknown) and `alternative` (another channel
        that the customer is eligible for, or an empty text) added; `goal` and `content` are empty texts where null.
    """
    rows = plan.assigned.sort_values(["day", "start", "customer_id"], kind="stable", ignore_index=True)
    for name in ("goal", "content"):
        rows[name] = rows[name].astype(object).where(rows[name].notna(), "")
    exploration = set(plan.manifest.get("exploration", ()))
    rows["gain"] = [
        "unknown" if item in exploration or low != low else "likely" if low > 0 else "possible"
        for item, low in zip(rows["plan_item"], rows["low"], strict=True)
    ]
    channels = {action["name"]: action for action in plan.manifest["catalogue"]["actions"]}
    rows["alternative"] = [
        _alternative(channel, event_type, eligible, channels)
        for channel, event_type, eligible in zip(
            rows["channel"], rows["event_type"], rows["eligible_actions"], strict=True
        )
    ]
    return rows


def _alternative(channel: str, event_type: str, eligible: list[str], actions: dict[str, dict[str, str]]) -> str:
    """Return the first other channel of visits that the customer is eligible for."""
    if event_type != "visit" or eligible is None:
        return ""
    others = (actions[name] for name in eligible if name in actions)
    return next((each["channel"] for each in others if each["kind"] == "visit" and each["channel"] != channel), "")


def reps_of(rows: pd.DataFrame) -> list[str]:
    """Return the reps who have something to do that takes their time, sorted."""
    return sorted({rep for rep in rows.loc[rows["minutes"] > 0, "rep"] if isinstance(rep, str)})


def rows_of(rows: pd.DataFrame, rep: str) -> pd.DataFrame:
    """Return the rows that take a rep's time."""
    return rows[(rows["rep"] == rep) & (rows["minutes"] > 0)].reset_index(drop=True)


def file_names(reps: list[str]) -> dict[str, str]:
    """Return a file name for each rep, without an ending: readable, allowed everywhere, and no two alike.

    Examples
    --------
    >>> file_names(["R07", "r07", "王芳", "../Ann Lee"])
    {'R07': 'r07', 'r07': 'r07-2', '王芳': '王芳', '../Ann Lee': 'ann-lee'}
    """
    names: dict[str, str] = {}
    for rep in reps:
        name = re.sub(r"[^\w]+", "-", rep.lower()).strip("-_")[:60] or "rep"
        taken, number = name, 1
        while taken in names.values():
            number += 1
            taken = f"{name}-{number}"
        names[rep] = taken
    return names
