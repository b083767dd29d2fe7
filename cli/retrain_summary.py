"""The summary of a retrain in Markdown, for a ticket, a chat or the page of a scheduler."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cli.champion import promoted_all_the_same

STATUS = {
    "done": "a new champion is in service",
    "nothing_new": "nothing new",
    "still_refused": "nothing new since a version that the gate refused",
    "refused": "refused by the gate; the champion in service stays",
    "failed": "failed",
    "running": "running",
}


def markdown(facts: Mapping[str, Any]) -> str:
    """Return the summary of a run as Markdown.

    Parameters
    ----------
    facts : mapping
        What `summary.json` holds.
    """
    steps = facts["steps"]
    lines = [f"# Retrain {facts['run']}: {_title(facts['status'], steps)}", ""]
    if facts["error"]:
        lines += [f"**{facts['error']}**", ""]
    lines += ["| step | result | seconds |", "|---|---|---:|"]
    for name, result in steps.items():
        lines.append(f"| {name} | {_cell(DESCRIBED[name](result))} | {result['seconds']:,.1f} |")
    gate = steps.get("gate", {"reasons": [], "figures": {}})
    refused = [*gate["reasons"], *(r for r in steps.get("promote", gate)["reasons"] if r not in gate["reasons"])]
    if refused:
        lines += ["", "## Why it was refused", "", *(f"- {reason}" for reason in refused)]
        lines += ["", f"{promoted_all_the_same(steps['fit']['version'], Path(facts['home']))}."]
    if gate["figures"]:
        lines += ["", "## Figures of the gate", "", "| figure | value |", "|---|---:|"]
        lines += [f"| {name} | {_number(value)} |" for name, value in gate["figures"].items()]
    return "\n".join(lines) + "\n"


def _title(status: str, steps: Mapping[str, Any]) -> str:
    if status == "refused" and not steps["promote"]["champion"]:
        return "refused by the gate, and no champion is in service"
    return STATUS[status]


def _append(result: Mapping[str, Any]) -> str:
    if not result["sources"]:
        return "no sources given"
    counts = ", ".join(f"{result[name]:,} {name}" for name in ("kept", "seen", "quarantined", "duplicates"))
    others = {"merged": "line items merged", "left_out": "left out by the profile", "added": "returns made of refunds"}
    counts += "".join(f", {result[name]:,} {text}" for name, text in others.items() if result.get(name))
    reasons = [f"{count:,} {reason}" for reason, count in result.get("quarantined_by_reason", {}).items()]
    why = f"; quarantined: {'; '.join(reasons)}" if reasons else ""
    return f"{', '.join(result['sources'])}: {result['rows_in']:,} rows, {counts}{why}"


def _gate(result: Mapping[str, Any]) -> str:
    asked = {"recipe": "a new recipe", "refit": "a refit of the recipe in service"}.get(result["question"] or "", "")
    return f"{asked} {'passed' if result['passed'] else 'was refused'}".strip()


def _promote(result: Mapping[str, Any]) -> str:
    if result["promoted"]:
        return f"version {result['champion']} is champion"
    return f"nothing moved; champion is version {result['champion']}" if result["champion"] else "there is no champion"


def _publish(result: Mapping[str, Any]) -> str:
    if not result["tag"]:
        return f"nothing: {result['reason']}"
    return f"{result['tag']}{', and no challenger runs beside it any more' if result.get('ended_challenger') else ''}"


def _score(result: Mapping[str, Any]) -> str:
    by = f"champion version {result['champion']}" if result["champion"] else "the rule alone"
    return f"{result['customers']:,} customers at {result['as_of']} by {by}: {result['file']}"


DESCRIBED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "append": _append,
    "fit": lambda result: f"version {result['version']} ({result['candidate']})",
    "gate": _gate,
    "promote": _promote,
    "publish": _publish,
    "score": _score,
    "report": lambda result: result["file"] or f"none: {result['reason']}",
}


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
