"""The plans of a folder: which there are, the rows of one that are carried out, and its pages."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from features.as_of import AsOf
from features.errors import PlanError, RegularsError
from features.timezones import business_timezone
from planning.plan_folder import MANIFEST_FILE, PLAN_FILE, SCHEMA, read_manifest, read_plan
from serving.timestamps import local_time

PLAN_PAGE, EFFECTS_PAGE, REPS = "plan.html", "effects.html", "reps"
LEFT_OUT = ("plan_id", "arm", "propensity", "eligible_actions", "propensities", "limit")
"""Columns that tell how customers were drawn, which nobody who carries out a plan may know."""
ITEM_SCHEMA = pa.schema([field for field in SCHEMA if field.name not in LEFT_OUT])
PLANS_IN_MEMORY = 8

Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class PlanFacts:
    """What a manifest says, checked.

    Attributes
    ----------
    plan_id, week, timezone : str
    folder : Path
    as_of, made_at : datetime
        The cutoff, and when the manifest was written.
    replaces : tuple of str
        The plans in whose place this one stands.
    replaced_by : str, optional
        The plan that stands in place of this one.
    """

    plan_id: str
    folder: Path
    week: str
    timezone: str
    as_of: datetime
    made_at: datetime
    replaces: tuple[str, ...]
    replaced_by: str | None = None


class UnusableFolder(NamedTuple):
    """A plan folder that cannot be used: its name, why, and the id of its plan if that can be read."""

    name: str
    reason: str
    plan_id: str | None = None


@dataclass(frozen=True)
class PlansListed:
    """The plans of a folder by week and cutoff, and the plan folders that cannot be used."""

    plans: list[PlanFacts]
    unusable: list[UnusableFolder]


def list_plans(folder: Path) -> PlansListed:
    """Return the plans directly within a folder; without such a folder there are none.

    A plan id of two folders is in neither list of plans: records must not go to one of them by chance.
    """
    found: dict[str, list[PlanFacts]] = {}
    unusable: list[UnusableFolder] = []
    try:
        folders = sorted(folder.iterdir()) if folder.exists() else []
    except OSError as error:
        raise PlanError(f"{folder.name} cannot be read as a folder of plans: {error.strerror}") from None
    for each in folders:
        if not any((each / name).is_file() for name in (MANIFEST_FILE, PLAN_FILE)):
            continue
        try:
            facts = _facts(each, _stamp(each / MANIFEST_FILE))
            found.setdefault(facts.plan_id, []).append(facts)
        except RegularsError as error:
            unusable.append(UnusableFolder(each.name, without_path(error, folder)))
    for plan_id, copies in found.items():
        for copy in copies if len(copies) > 1 else ():
            names = " and ".join(each.folder.name for each in copies)
            reason = f"{names} hold the same plan {plan_id}: move all but one elsewhere"
            unusable.append(UnusableFolder(copy.folder.name, reason, plan_id))
    plans = [copies[0] for copies in found.values() if len(copies) == 1]
    plans.sort(key=lambda plan: (plan.week, plan.as_of, plan.plan_id))
    by_replaced = {replaced: plan.plan_id for plan in plans for replaced in plan.replaces}  # the latest one's
    return PlansListed([replace(plan, replaced_by=by_replaced.get(plan.plan_id)) for plan in plans], unusable)


def items_of(plan: PlanFacts) -> pa.Table:
    """Return the rows of a plan that are carried out, by day, time and customer, with the columns of ITEM_SCHEMA.

    `start` has the plan's time zone. Raises PlanError when the plan is damaged.
    """
    return _items(plan.folder, plan.timezone, _stamp(plan.folder / PLAN_FILE), _stamp(plan.folder / MANIFEST_FILE))


def pages_of(plan: PlanFacts) -> dict[str, Path]:
    """Return the pages of a plan for people by their paths below the plan: its own, and one for each rep."""
    files = [plan.folder / PLAN_PAGE, *sorted((plan.folder / REPS).glob("*.html"))]
    home = plan.folder.resolve()
    return {
        file.relative_to(plan.folder).as_posix(): file
        for file in files
        if file.is_file() and file.resolve().is_relative_to(home)
    }


def without_path(error: Exception, folder: Path) -> str:
    """Return the message of an error with paths below the folder, so that it does not tell where that is."""
    return str(error).replace(f"{folder}/", "").replace(str(folder), folder.name)


def _stamp(file: Path) -> Stamp | None:
    """Return what changes when a file is replaced; None if there is none."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size


@lru_cache(maxsize=1024)
def _facts(folder: Path, stamp: Stamp | None) -> PlanFacts:
    manifest = read_manifest(folder)
    texts = {name: manifest.get(name) for name in ("plan_id", "week", "timezone", "as_of")}
    if absent := [name for name, text in texts.items() if not isinstance(text, str) or not text]:
        raise PlanError(f"{folder / MANIFEST_FILE} has no {absent[0]}: put the original back")
    timezone = str(texts["timezone"])
    business_timezone(timezone)
    as_of = AsOf.parse(str(texts["as_of"]), timezone)
    made_at = datetime.fromtimestamp(stamp[0] // 10**9 if stamp else 0, UTC)
    replaces = manifest.get("replaces", [])
    return PlanFacts(
        str(texts["plan_id"]),
        folder,
        str(texts["week"]),
        timezone,
        local_time(as_of.time, timezone),
        made_at,
        tuple(map(str, replaces)) if isinstance(replaces, list) else (),
    )


@lru_cache(maxsize=PLANS_IN_MEMORY)
def _items(folder: Path, timezone: str, *stamps: Stamp | None) -> pa.Table:
    plan = read_plan(folder)
    if missing := [name for name in SCHEMA.names if name not in plan.items.columns]:
        raise PlanError(f"{folder / PLAN_FILE} has no column {missing[0]}: make the plan again")
    rows = plan.assigned.sort_values(["day", "start", "customer_id"], kind="stable", ignore_index=True)
    table = pa.Table.from_pandas(rows[ITEM_SCHEMA.names], ITEM_SCHEMA, preserve_index=False)
    # As in `planning.record_rows`: the first of two such times, and after a time that the clocks skipped.
    start = pc.assume_timezone(table["start"], timezone, ambiguous="earliest", nonexistent="latest")
    return table.set_column(table.schema.get_field_index("start"), "start", start).replace_schema_metadata(None)
