"""A plan counts once, and only where no other replaces it; what follows counts from its week on."""

from planning.plan_folder import Plan
from planning.plans_in_force import cutoff_of, outcomes_from, plans_in_force
from tests.planning.shops import START, plan_of


def plan(number: int, *replaces: str, **manifest: str) -> Plan:
    """A plan of one customer."""
    made = plan_of(["C1"], [True], ["call"], START, number)
    return Plan(made.items, {**made.manifest, "replaces": list(replaces), **manifest})


def test_a_replaced_plan_and_a_copy_are_left_out() -> None:
    """In whatever order they are given; the others stay in theirs."""
    old, new, copy, other = plan(1), plan(2, "week-1"), plan(2, "week-1"), plan(3)
    assert plans_in_force([old, new, copy, other]) == [new, other]
    assert plans_in_force([other, copy, old]) == [other, copy]
    assert plans_in_force([old]) == [old]
    assert plans_in_force([old, old]) == [old]
    assert plans_in_force([]) == []


def test_outcomes_count_from_the_monday_or_from_a_later_cutoff() -> None:
    """In the business time zone."""
    early = plan(1, as_of="2026-11-20", week="2026-W48")
    assert str(outcomes_from(early, "UTC").date) == "2026-11-23"
    assert outcomes_from(early, "Asia/Shanghai").time == outcomes_from(early, "UTC").time - 8 * 3_600_000_000
    late = plan(1, as_of="2026-11-25T10:00:00", week="2026-W48")
    assert outcomes_from(late, "UTC") == cutoff_of(late, "UTC")
