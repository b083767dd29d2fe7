"""What earlier plans say about customers: contacts planned or made, who is left alone, and why rows were skipped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from features.as_of import EPOCH, AsOf
from planning.plan_folder import Plan, read_plan
from planning.plans_in_force import cutoff_of, outcomes_from, plans_in_force
from planning.records import current_records
from planning.weeks import monday_of_week

SKIP_DAYS = {"bad_moment": 14, "complaint_open": 90}
"""How long a skip with this reason keeps customers out of plans; one with `wrong_person` until the
customers' table has a newer row of them, one with `opted_out` until such a row says that they have not opted out,
one with `not_worth_it` for the plan's horizon and this action alone."""
UNTIL_CORRECTED = ("opted_out", "wrong_person")
COLUMNS_OF_ARMS = ["customer_id", "arm", "propensity"]
CONTACTS = ("done", "accepted", "moved", "unanswered")


@dataclass(frozen=True)
class EarlierPlans:
    """What earlier plans and their records say at a cutoff.

    Attributes
    ----------
    contacts : mapping of str to int
        The last day of a contact that was planned and not skipped, by customer, in days since 1970-01-01.
    control : frozenset of str
        Customers held out in an earlier plan whose horizon is not over when the new week begins: to give them an action
        would spoil what it can show.
    skips : DataFrame
        `customer_id, action, channel, reason, recorded_at` of skipped rows whose reason still holds.
    replaced : tuple of Plan
        Earlier plans of the same week.
    """

    contacts: Mapping[str, int] = field(default_factory=dict)
    control: frozenset[str] = frozenset()
    skips: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["customer_id", "action", "channel", "reason", "recorded_at"])
    )
    replaced: tuple[Plan, ...] = ()

    @property
    def arms(self) -> pd.DataFrame:
        """`arm` and `propensity` of those chosen for the replaced plans, as first drawn, by `customer_id`."""
        parts = [
            plan.items.loc[~plan.items["plan_item"].isin(plan.manifest.get("exploration", [])), COLUMNS_OF_ARMS]
            for plan in self.replaced
        ]
        rows = pd.concat(parts) if parts else pd.DataFrame(columns=COLUMNS_OF_ARMS)
        return rows.drop_duplicates("customer_id", keep="first").set_index("customer_id")


def read_earlier_plans(folders: Sequence[Path], cutoff: AsOf, week: str, timezone: str) -> EarlierPlans:
    """Read earlier plans and what was recorded of them before the cutoff.

    Parameters
    ----------
    folders : sequence of Path
        Plan folders, in the order of their weeks. Those made at a later cutoff are not known yet.
    cutoff : AsOf
    week : str
        The week of the new plan, like 2026-W48; earlier plans of it are replaced, so what they planned counts only
        where it was done. The same holds for plans that another one replaces already, and for copies of a plan.
    timezone : str
        The business time zone.

    Returns
    -------
    EarlierPlans
    """
    first_day = max(cutoff.day, (monday_of_week(week) - EPOCH).days)
    contacts: dict[str, int] = {}
    control: set[str] = set()
    skips: list[pd.DataFrame] = []
    replaced: list[Plan] = []
    plans = {folder: read_plan(folder) for folder in folders}
    plans = {folder: plan for folder, plan in plans.items() if cutoff_of(plan, timezone).time <= cutoff.time}
    in_force = {id(plan) for plan in plans_in_force(list(plans.values()))}
    for folder, plan in plans.items():
        rows = _with_records(plan, known_records(folder, cutoff))
        # What a customer said holds, whichever plan it was said of.
        skips.append(_holding(rows, cutoff, int(plan.manifest["horizon_days"])))
        if plan.manifest["week"] == week:
            replaced.append(plan)
        if plan.manifest["week"] == week or id(plan) not in in_force:
            rows = rows[rows["status"] == "done"]
        elif outcomes_from(plan, timezone).day + int(plan.manifest["horizon_days"]) > first_day:
            control |= set(plan.items.loc[plan.items["arm"] == "leave", "customer_id"])
        met = rows[rows["status"].isin(CONTACTS) | (rows["reason"] == "already_in_contact")]
        for customer_id, day in zip(met["customer_id"], _days(met, timezone), strict=True):
            contacts[customer_id] = max(day, contacts.get(customer_id, day))
    table = pd.concat(skips, ignore_index=True) if skips else EarlierPlans().skips
    return EarlierPlans(contacts, frozenset(control), table, tuple(replaced))


def known_records(folder: Path, cutoff: AsOf) -> pd.DataFrame:
    """Return the latest record of each plan item that was recorded before the cutoff.

    Parameters
    ----------
    folder : Path
        A plan folder; without a file of records nothing is known.
    cutoff : AsOf

    Returns
    -------
    DataFrame
        `plan_item, status, reason, done_at, recorded_at`.
    """
    columns = ["plan_item", "status", "reason", "done_at", "recorded_at"]
    records = current_records(folder, cutoff.time)
    known = records.loc[records["plan_item"].notna(), columns]
    return known.sort_values("recorded_at", kind="stable").drop_duplicates("plan_item", keep="last")


def _with_records(plan: Plan, records: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a plan with what was recorded of them; `unanswered` without a record."""
    joined = plan.items.merge(records, on="plan_item", how="left")
    # Who is held out has no contact unless one is recorded.
    missing = joined["status"].isna() & (joined["arm"] == "do")
    return joined.assign(status=joined["status"].mask(missing, "unanswered"))


def _days(rows: pd.DataFrame, timezone: str) -> list[int]:
    """Return the day of each contact: when it was made, else when it was planned."""
    done = pd.to_datetime(rows["done_at"], utc=True).dt.tz_convert(timezone).dt.tz_localize(None)
    days = done.fillna(pd.to_datetime(rows["day"])).fillna(pd.Timestamp(0))
    return [int(day) for day in (days.dt.normalize() - pd.Timestamp(0)).dt.days]


def _holding(rows: pd.DataFrame, cutoff: AsOf, horizon_days: int) -> pd.DataFrame:
    """Return the skipped rows whose reason still holds at the cutoff."""
    skipped = rows[(rows["status"] == "skipped") & rows["reason"].notna()]
    recorded = pd.to_datetime(skipped["recorded_at"], utc=True)
    age = (pd.Timestamp(cutoff.time, unit="us", tz="UTC") - recorded).dt.days
    days = skipped["reason"].map({**SKIP_DAYS, "not_worth_it": horizon_days}).astype(float).fillna(-1)
    holds = skipped["reason"].isin(UNTIL_CORRECTED) | (age < days)
    return skipped.assign(recorded_at=recorded).loc[holds, list(EarlierPlans().skips)]
