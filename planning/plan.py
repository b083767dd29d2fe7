"""Makes a plan of one week: options, allocation, hold-out, content, days and reasons, in this order."""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pandas as pd

from features.as_of import EPOCH, AsOf, utc
from features.loyalty.formula import Formula
from features.store.event_store import EventStore
from planning.allocation.allocate import Allocation, allocate
from planning.allocation.limits import Limits, binding, make_limits, with_days
from planning.allocation.what_if import borderline, what_ifs
from planning.by_rule import allocate_by_rule, offers_like, optimum_beside_rule, rule_beside_plan
from planning.catalogue.actions import Catalogue
from planning.catalogue.content import choose_content, content_reasons
from planning.holdout import draw_arms
from planning.manifest import catalogue_table, chance_over_budget, identity, limit_rows, plain, value_rows
from planning.minimum_detectable_lift import minimum_detectable_lift, spread_of
from planning.options.earlier_plans import EarlierPlans
from planning.options.forecasts import Forecasts
from planning.options.options_table import ActionEffect, make_options
from planning.options.planning_table import planning_table
from planning.plan_folder import SCHEMA, Plan, plan_items
from planning.plan_notes import passed_over_counts, warnings
from planning.reasons import LeadingReason, reasons
from planning.schedule import schedule
from planning.weeks import check_week, days_over, far_week_warning, monday_of_week, past_week_warning
from training.targets import log_end

FORECAST_COLUMNS = ("loyalty_score", "expected_purchases", "churn_probability", "expected_spend")
FACTS = (*FORECAST_COLUMNS, "satisfaction_last", "loyalty_last")


@dataclass(frozen=True)
class Inputs:
    """What a plan is made from.

    Attributes
    ----------
    store : EventStore
    as_of : AsOf
        The cutoff.
    week : str
        An ISO week like 2026-W48.
    catalogue : Catalogue
    formula : Formula
        The loyalty rule.
    customers : DataFrame, optional
        The customers' table as known at the cutoff.
    earlier_plans : EarlierPlans
        Of earlier plans.
    effects : mapping of str to ActionEffect
        What earlier plans have taught of actions; the catalogue's guess holds for the others.
    digests : mapping of str to Any
        Of what went in, for the manifest.
    seed : int
    later_opt_outs : mapping of str to sequence of str
        Channels by customer of opt-outs recorded after the cutoff.
    rules : Catalogue, optional
        Incentives by rule that the plan is compared with; none where there is nothing to compare.
    by_rule : bool
        Whether `catalogue` holds incentives by rule, which the loyalty score decides instead of the allocation.
    """

    store: EventStore
    as_of: AsOf
    week: str
    catalogue: Catalogue
    formula: Formula
    customers: pd.DataFrame | None = None
    earlier_plans: EarlierPlans = field(default_factory=EarlierPlans)
    effects: Mapping[str, ActionEffect] = field(default_factory=dict)
    digests: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    later_opt_outs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rules: Catalogue | None = None
    by_rule: bool = False

    @property
    def monday(self) -> date:
        """The first day of the week."""
        return monday_of_week(self.week)

    @property
    def days_over(self) -> int:
        """How many days of the week are over at the cutoff."""
        return days_over(self.week, self.as_of.date)


def make_plan(inputs: Inputs, features: pd.DataFrame, forecasts: Forecasts) -> Plan:
    """Make the plan of a week.

    Parameters
    ----------
    inputs : Inputs
    features : DataFrame
        The feature table at the cutoff.
    forecasts : Forecasts
        Of the same customers, for the catalogue's horizon.

    Returns
    -------
    Plan
        Equal for equal inputs.

    Raises
    ------
    PlanError
        When no working day of the week is left at the cutoff, or a minimum cannot be met.
    """
    catalogue, monday = inputs.catalogue, inputs.monday
    check_week(inputs.week, inputs.as_of.date, catalogue.working_days)
    remaining = with_days(catalogue, catalogue.working_days - inputs.days_over)
    table = planning_table(inputs.store, inputs.as_of, features, forecasts, inputs.formula, inputs.customers)
    table["opted_out"] = _with_later(table["opted_out"], inputs.later_opt_outs)
    week_start = (monday - EPOCH).days
    options = make_options(table, catalogue, inputs.as_of, week_start, inputs.earlier_plans, inputs.effects)
    goals = None
    if catalogue.minimums:
        people = table.iloc[options.table["customer"]].reset_index(drop=True)
        goals = choose_content(people, options.table["action"], catalogue)["goal"]
    limits = make_limits(options.table, remaining, goals)

    def solve(part: pd.DataFrame, bounds: Limits) -> Allocation:
        if inputs.by_rule:
            return allocate_by_rule(part, table["loyalty_score"], bounds.capacity[0], inputs.seed)
        return allocate(
            part,
            bounds.usage,
            bounds.capacity,
            seed=inputs.seed,
            minimum=bounds.minimum,
            limit_names=tuple(bounds.table["limit"]),
        )

    allocation = solve(options.table, limits)
    plan_id = identity(inputs.week, _identity_of(inputs, forecasts))
    drawn = draw_arms(
        options.table, allocation.chosen, plan_id, catalogue, limits.usage, limits.capacity, inputs.earlier_plans.arms
    )
    drawn["limit"] = binding(limits, drawn.index.to_numpy(), allocation.prices)
    rows = _rows(inputs, plan_id, table, options.table, drawn)
    executed = _with_faces(options.table.loc[drawn.index[drawn["arm"] == "do"]], table, catalogue, inputs.effects)
    manifest = {
        **_identity_of(inputs, forecasts),
        "plan_id": plan_id,
        "as_of_date": str(inputs.as_of.date),
        "timezone": inputs.store.timezone,
        "horizon_days": catalogue.horizon_days,
        "rating_maximum": inputs.store.rating_maximum,
        "customers": len(table),
        "value": value_rows(executed),
        "limits": limit_rows(limits, allocation.chosen, allocation.prices),
        "bound": allocation.bound,
        "gap": allocation.gap,
        "over_budget": chance_over_budget(executed, catalogue),
        "holdout": _holdout(inputs, rows, allocation.value),
        "exploration": rows.loc[rows["exploration"], "plan_item"].tolist(),
        "passed_over": passed_over_counts(options, allocation, inputs.by_rule),
        "borderline": {} if inputs.by_rule else borderline(options.table, limits, allocation, drawn),
        "comparison": _comparison(inputs, table, options.table, allocation, week_start),
        "what_if": what_ifs(options.table, remaining, limits, allocation, solve, goals),
        "warnings": [
            *_week_warnings(inputs),
            *warnings(
                catalogue, forecasts, features["gap_mean"], len(inputs.later_opt_outs), int(table["rep"].isna().sum())
            ),
        ],
        "replaces": [each.plan_id for each in inputs.earlier_plans.replaced],
    }
    return Plan(rows[SCHEMA.names], plain(manifest), tuple(map(str, table.index)))


def _week_warnings(inputs: Inputs) -> list[tuple[str, str]]:
    far = far_week_warning(inputs.week, inputs.as_of.date, inputs.catalogue.horizon_days)
    past = past_week_warning(inputs.week, log_end(inputs.store).date)
    return [each for each in (far, past) if each]


def _comparison(
    inputs: Inputs, table: pd.DataFrame, options: pd.DataFrame, allocation: Allocation, week_start: int
) -> dict[str, Any] | None:
    """Return the plan beside incentives by rule, or such a plan beside the best choice of its offers."""
    if inputs.by_rule:
        return optimum_beside_rule(inputs.catalogue, options, allocation, inputs.seed)
    if inputs.rules is None:
        return None
    rules = offers_like(inputs.rules, inputs.catalogue)
    offered = make_options(table, rules, inputs.as_of, week_start, inputs.earlier_plans).table
    return rule_beside_plan(rules, offered, table["loyalty_score"], options[allocation.chosen], inputs.seed)


def _identity_of(inputs: Inputs, forecasts: Forecasts) -> dict[str, Any]:
    """Return all that a plan follows from."""
    return {
        "week": inputs.week,
        "as_of": utc(inputs.as_of.time).isoformat(),
        "seed": inputs.seed,
        "catalogue": catalogue_table(inputs.catalogue),
        "digests": {"store": str(inputs.store.manifest["digest"]), **inputs.digests},
        "forecasts": {"source": forecasts.source, "fitted_here": forecasts.fitted_here},
        "formula_version": inputs.formula.version,
        "later_opt_outs": {name: list(channels) for name, channels in sorted(inputs.later_opt_outs.items())},
        **({"by_rule": True} if inputs.by_rule else {}),
        **({"rules": catalogue_table(inputs.rules)} if inputs.rules is not None else {}),
        "posterior_effects": {
            name: plain({"change": each.change, "width": each.width, **each.evidence})
            for name, each in sorted(inputs.effects.items())
        },
    }


def _with_later(opted_out: pd.Series, later: Mapping[str, Sequence[str]]) -> pd.Series:
    lists = [sorted({*channels, *later.get(str(name), ())}) for name, channels in opted_out.items()]
    return pd.Series(lists, opted_out.index, dtype=object)


def _holdout(inputs: Inputs, rows: pd.DataFrame, expected: float) -> dict[str, Any]:
    """Return the size of the hold-out, what all chosen would bring, and what the hold-out will be able to show."""
    chosen, explored = rows[~rows["exploration"]], rows[rows["exploration"]]
    control = int((chosen["arm"] == "leave").sum())
    holdout: dict[str, Any] = {
        "chosen": len(chosen),
        "control": control,
        "exploration_done": int((explored["arm"] == "do").sum()),
        "expected": expected,
        "minimum_detectable_lift": None,
        "measured": None,
    }
    if len(chosen):
        spread = spread_of(inputs.store, inputs.as_of, inputs.catalogue.horizon_days, chosen["expected_purchases"])
        lift, of_four_weeks = (
            minimum_detectable_lift(spread, weeks * (len(chosen) - control), weeks * control) for weeks in (1, 4)
        )
        holdout |= {"minimum_detectable_lift": lift, "of_four_weeks": of_four_weeks, "measured": spread.measured}
    return holdout


def _rows(
    inputs: Inputs, plan_id: str, table: pd.DataFrame, options: pd.DataFrame, drawn: pd.DataFrame
) -> pd.DataFrame:
    """Return the rows of the plan, one a customer, ordered by customer, with `exploration`."""
    rows = options.loc[drawn.index].join(drawn).sort_values("customer", ignore_index=True)
    facts = table.iloc[rows["customer"]].reset_index(drop=True)
    content = choose_content(facts, rows["action"], inputs.catalogue)
    english, chinese = reasons(facts, inputs.store.rating_maximum, _content_reasons(facts, content, inputs.catalogue))
    rows = rows.rename(columns={"value_low": "low", "value_high": "high"}).assign(
        plan_id=plan_id,
        plan_item=plan_items(plan_id, rows["customer_id"]),
        goal=content["goal"],
        content=content["content"],
        reasons=pd.Series(english, dtype=object),
        reasons_zh=pd.Series(chinese, dtype=object),
        **{name: facts[name] for name in FACTS},
    )
    places = [name for name in ("latitude", "longitude") if name in facts]
    assigned = rows["arm"] == "do"
    remaining = with_days(inputs.catalogue, inputs.catalogue.working_days - inputs.days_over)
    times = schedule(rows.join(facts[places])[assigned], remaining, inputs.monday + timedelta(days=inputs.days_over))
    rows["day"] = times["day"].reindex(rows.index).astype(object).where(assigned, None)
    rows["start"] = times["start"].reindex(rows.index)
    return rows


def _content_reasons(facts: pd.DataFrame, content: pd.DataFrame, catalogue: Catalogue) -> list[LeadingReason]:
    """Return why each content was chosen, of rules with a condition."""
    english, chinese = content_reasons(facts, content["rule"], catalogue)
    none: LeadingReason = ("", "", frozenset())
    leading = []
    for number, text, text_zh in zip(content["rule"], english, chinese, strict=True):
        if number < 0 or not (rule := catalogue.content_rules[number]).when:
            leading.append(none)
            continue
        columns = {name for _, name, _, _ in string.Formatter().parse(rule.reason) if name}
        leading.append((text, text_zh, frozenset(columns)))
    return leading


def _with_faces(
    rows: pd.DataFrame, table: pd.DataFrame, catalogue: Catalogue, effects: Mapping[str, ActionEffect]
) -> pd.DataFrame:
    """Return options with what one redemption costs, and whether their effect is a guess."""
    customers = table.iloc[rows["customer"]]
    amount = (customers["expected_spend"] / customers["expected_purchases"]).to_numpy(float)
    actions = {each.name: each for each in catalogue.actions}
    value = rows["action"].map({name: each.face_value for name, each in actions.items()}).astype(float)
    share = rows["action"].map({name: each.face_share for name, each in actions.items()}).astype(float)
    guessed = [name not in effects or effects[name].source == "guess" for name in rows["action"]]
    return rows.assign(face=value + share * amount, guessed=guessed)
