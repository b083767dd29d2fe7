"""All files that a plan hands out, written after the plan folder: none of them has a customer who is left alone."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from features.schema import WORDS
from planning.files.calendar import write_calendar
from planning.files.crm import write_crm
from planning.files.page import write_plan_page
from planning.files.rep_page import write_rep_page
from planning.files.rep_rows import file_names, reps_of, rows_of, rows_to_do
from planning.files.workbook import Choices, write_workbook
from planning.plan_folder import Plan
from planning.record_rows import SKIP_REASONS

PAGE, CRM, REPS = "plan.html", "crm.csv", "reps"


def write_files(folder: str | Path, plan: Plan, replaced: Sequence[Plan] = (), language: str = "en") -> list[str]:
    """Write the manager's page, crm.csv, and a workbook, a page and a calendar a rep.

    Parameters
    ----------
    folder : str or Path
        The plan folder.
    plan : Plan
    replaced : sequence of Plan
        Earlier plans of the same week, whose calendar events are cancelled.
    language : {"en", "zh"}
        The language that pages show first.

    Returns
    -------
    list of str
        The reps.
    """
    folder = Path(folder)
    rows = rows_to_do(plan)
    earlier = [rows_to_do(each) for each in replaced]
    reps = reps_of(rows)
    names = file_names(sorted({*reps, *(rep for each in earlier for rep in reps_of(each))}))
    outcomes, channels = WORDS.outcomes.get("visit", ()), WORDS.channels.get("visit", ())
    choices = Choices(SKIP_REASONS, tuple(outcomes), tuple(channels), float(plan.manifest["rating_maximum"]))
    made_at = datetime.fromisoformat(plan.manifest["as_of"])
    timezone = plan.manifest["timezone"]
    for rep, name in names.items():
        own = rows_of(rows, rep)
        write_calendar(folder / REPS / f"{name}.ics", own, timezone, made_at, [rows_of(each, rep) for each in earlier])
        if rep in reps:
            write_workbook(folder / REPS / f"{name}.xlsx", own, choices)
            write_rep_page(folder / REPS / f"{name}.html", own, rep, plan.manifest["week"], language)
    write_crm(folder / CRM, rows)
    write_plan_page(folder / PAGE, plan, language)
    return reps
