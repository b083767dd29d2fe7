"""Everything that past plans have shown: the five measures, effects by action, and what else the log suggests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from features.as_of import AsOf
from features.errors import HorizonNotOverError, PlanError, TooLittleDataError
from features.store.event_store import EventStore
from planning.causal_inference.complier_effect import complier_effect
from planning.causal_inference.doubly_robust import ObservationalEffect
from planning.causal_inference.randomised_effect import Effect
from planning.effects.comparable_plans import check_other_plan
from planning.effects.decisions import decisions
from planning.effects.effects_by_action import PooledRounds, effects_by_action, pooled_rounds
from planning.effects.five_measures import (
    Measure,
    before_and_after,
    covariates_of,
    five_measures,
    randomised_rows,
    weights_of,
)
from planning.effects.lifetime_value import spend_forecasts
from planning.effects.observational_effects import observational_effects
from planning.effects.other_plan import OtherPlan, other_plan
from planning.effects.uplift_by_action import ActionUplift, enough_for_uplift, uplift_by_action, with_known_facts
from planning.erased_rows import is_erased
from planning.plan_folder import Plan
from planning.plans_in_force import cutoff_of, outcomes_from, plans_in_force
from training.targets import horizon_end, horizon_is_over, log_end

OBSERVED_ROUNDS = 3
"""The last plans at whose dates the whole base is compared without a draw."""


@dataclass(frozen=True)
class EffectsOfPlans:
    """What plans have changed.

    Attributes
    ----------
    horizon_days : int
    plans : pandas.DataFrame
        `plan_id, week, as_of, over` (bool), `over_on` (date), and of those that are over, rows:
        `planned, control, carried_out, control_contacted` (held out and contacted all the same), `cost` (currency).
    decisions : pandas.DataFrame
        As `planning.effects.decisions.decisions` returns it, with `lifetime` and `lifetime_before`.
    measures : list of Measure
    complier_effect : Effect or None
        The effect on purchases of a contact that was made because it was planned.
    by_action : dict of str to Effect
        On purchases.
    before_after : pandas.DataFrame
    observational : mapping of str to ObservationalEffect
        Not randomised: by kind, on purchases.
    rounds : mapping of str to PooledRounds
        By action: what each plan has shown by itself, and all of them together.
    uplift : mapping of str to ActionUplift
        By action: whether customers differ in its effect.
    other : OtherPlan or None
        What another plan would have brought, if one was given.
    not_drawn : int
        Rows of plans without a hold-out, which are counted in `plans` and compared with nobody.
    """

    horizon_days: int
    plans: pd.DataFrame
    decisions: pd.DataFrame
    measures: list[Measure]
    complier_effect: Effect | None
    by_action: dict[str, Effect]
    before_after: pd.DataFrame
    observational: Mapping[str, ObservationalEffect]
    rounds: Mapping[str, PooledRounds] = field(default_factory=dict)
    uplift: Mapping[str, ActionUplift] = field(default_factory=dict)
    other: OtherPlan | None = None
    not_drawn: int = 0


def effects_of_plans(
    store: EventStore,
    plans: Sequence[Plan],
    horizon_days: int,
    *,
    records: pd.DataFrame | None = None,
    other: Plan | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> EffectsOfPlans:
    """Return what plans have changed within a horizon from their weeks on.

    Parameters
    ----------
    store : EventStore
        The log, to the end of at least one horizon.
    plans : sequence of Plan
        Those that another replaces, and copies, are left out.
    horizon_days : int
    records : pandas.DataFrame, optional
        The latest record of each plan item, see `planning.effects.decisions.decisions`.
    other : Plan, optional
        Another plan of the week of one of these, see `planning.effects.other_plan.other_plan`.
    progress : callable, optional
        Called with the name of each step.

    Raises
    ------
    PlanError
        Without any plan, or with another one of a week that has none.
    HorizonNotOverError
        When the horizon of no plan is over, or not that of the plan of the other's week.
    TooLittleDataError
        When the other plan has too little in common with that of its week.
    """
    plans = plans_in_force(plans)
    if not plans:
        raise PlanError("no plan is given: name a folder that holds plan folders, which `regulars plan` makes")
    table = _plans(store, plans, horizon_days)
    over = [plan for plan, over in zip(plans, table["over"], strict=True) if over]
    if not over:
        raise HorizonNotOverError(
            f"the log ends on {log_end(store).date}, and the first of {len(plans)} plans can be measured over "
            f"{horizon_days} days from {table['over_on'].min()} on: append later events, or take fewer --horizon-days"
        )
    if other is not None:
        _check_horizon(check_other_plan(plans, other), table)
    progress("outcomes")
    rows = decisions(store, plans, horizon_days, records=records)
    progress("lifetime")
    rows = _with_lifetime(store, over, horizon_days, rows)
    progress("effects")
    counts = _counts(rows)
    compared = randomised_rows(rows)
    table = table.merge(counts, on="plan_id", how="left")
    # A plan of nothing is a plan too.
    table.loc[table["over"], counts.columns[1:]] = table.loc[table["over"], counts.columns[1:]].fillna(0)
    progress("differences between customers")
    uplift = uplift_by_action(with_known_facts(store, over, enough_for_uplift(compared)))
    progress("without a draw")
    starts = [outcomes_from(plan, store.timezone) for plan in over[-OBSERVED_ROUNDS:]]
    return EffectsOfPlans(
        horizon_days,
        table,
        rows,
        five_measures(compared),
        _complier_effect(compared),
        effects_by_action(compared),
        before_and_after(compared),
        observational_effects(store, starts, horizon_days),
        pooled_rounds(compared),
        uplift,
        None if other is None else other_plan(rows, plans, other),
        len(rows) - len(compared),
    )


def _check_horizon(plan: Plan, table: pd.DataFrame) -> None:
    """Refuse to compare another plan with one whose horizon is not over."""
    row = table[table["plan_id"] == plan.plan_id].iloc[0]
    if not row["over"]:
        raise HorizonNotOverError(
            f"{plan.plan_id} can be measured from {row['over_on']} on, so nothing can be said of another plan of its "
            "week yet: append later events, or take fewer --horizon-days"
        )


def _plans(store: EventStore, plans: Sequence[Plan], horizon_days: int) -> pd.DataFrame:
    rows = []
    for plan in plans:
        start = outcomes_from(plan, store.timezone)
        rows.append(
            {
                "plan_id": plan.plan_id,
                "week": str(plan.manifest.get("week", "")),
                "as_of": str(cutoff_of(plan, store.timezone).date),
                "over": horizon_is_over(store, start, horizon_days),
                "over_on": str(horizon_end(store, start, horizon_days).date),
            }
        )
    return pd.DataFrame(rows)


def _counts(rows: pd.DataFrame) -> pd.DataFrame:
    treated, carried_out = rows["treated"].astype(bool), rows["carried_out"].astype(bool)
    flags = rows[["plan_id", "cost"]].assign(
        planned=treated,
        control=~treated,
        carried_out=treated & carried_out,
        control_contacted=~treated & carried_out,
    )
    return flags.groupby("plan_id", as_index=False, sort=False).sum()


def _with_lifetime(store: EventStore, plans: Sequence[Plan], horizon_days: int, rows: pd.DataFrame) -> pd.DataFrame:
    """Add spend in the horizon with what is forecast after it, and the forecast at the cutoff; null without one."""
    starts = [cutoff_of(plan, store.timezone) for plan in plans]
    ends: list[AsOf] = [horizon_end(store, outcomes_from(plan, store.timezone), horizon_days) for plan in plans]
    try:
        forecasts = spend_forecasts(store, [*starts, *ends])
    except TooLittleDataError:
        return rows.assign(lifetime=float("nan"), lifetime_before=float("nan"))
    out = rows.assign(lifetime=rows["spend"], lifetime_before=0.0)
    for plan, before, after in zip(plans, forecasts[: len(plans)], forecasts[len(plans) :], strict=True):
        own = (rows["plan_id"] == plan.plan_id).to_numpy(bool)
        customers = rows.loc[own, "customer_id"]
        out.loc[own, "lifetime"] += after.reindex(customers).fillna(0.0).to_numpy()
        out.loc[own, "lifetime_before"] = before.reindex(customers).fillna(0.0).to_numpy()
    out.loc[is_erased(out["customer_id"]), ["lifetime", "lifetime_before"]] = float("nan")
    return out


def _complier_effect(rows: pd.DataFrame) -> Effect | None:
    try:
        return complier_effect(
            rows["purchases"],
            rows["treated"],
            rows["carried_out"],
            covariates_of(rows, "purchases"),
            weights=weights_of(rows),
            clusters=rows["customer_id"] if rows["customer_id"].duplicated().any() else None,
        )
    except TooLittleDataError:
        return None
