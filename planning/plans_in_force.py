"""Which plans were carried out, and from when on what follows them counts."""

from collections.abc import Sequence

from features.as_of import AsOf
from planning.plan_folder import Plan
from planning.weeks import monday_of_week


def plans_in_force(plans: Sequence[Plan]) -> list[Plan]:
    """Return the plans that no other replaces, each once.

    Parameters
    ----------
    plans : sequence of Plan
        Copies of a plan have the same id.

    Returns
    -------
    list of Plan
        In the order given.
    """
    replaced = {plan_id for plan in plans for plan_id in plan.manifest.get("replaces", [])}
    first: dict[str, Plan] = {}
    for plan in plans:
        first.setdefault(plan.plan_id, plan)
    return [plan for plan_id, plan in first.items() if plan_id not in replaced]


def cutoff_of(plan: Plan, timezone: str) -> AsOf:
    """Return the moment until which a plan knows the log."""
    return AsOf.parse(str(plan.manifest["as_of"]), timezone)


def monday_of(plan: Plan, timezone: str) -> AsOf:
    """Return the first moment of a plan's week, in the business time zone."""
    return AsOf.parse(monday_of_week(str(plan.manifest["week"])), timezone)


def outcomes_from(plan: Plan, timezone: str) -> AsOf:
    """Return the moment from which on a plan's outcomes count: the cutoff, or the week's Monday if that is later."""
    cutoff, monday = cutoff_of(plan, timezone), monday_of(plan, timezone)
    return monday if monday.time > cutoff.time else cutoff
