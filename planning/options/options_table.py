"""The options of a plan: each eligible customer with each action, what it is expected to bring and to cost.

The value of an option is ``margin * change of expected spend in the horizon - expected cost``. The change follows from
the action's relative effect on what the customer would buy while it acts. Customers who would have bought anyway redeem
incentives too, which the cost holds.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf
from planning.catalogue.actions import Action, Catalogue, expected_cost
from planning.catalogue.conditions import holds
from planning.options.earlier_plans import UNTIL_CORRECTED, EarlierPlans

Floats = NDArray[np.float64]
LEVEL_Z = 1.2815515594457831
"""Half the width of an 80 % interval of a normal distribution, in standard deviations."""
PASSED_OVER = (
    "control_of_earlier_plan",
    "opted_out",
    "wrong_person",
    "bad_moment",
    "not_worth_it",
    "contacted_recently",
    "without_rep",
    "no_forecast",
)
"""Why a customer for whom an action is meant gets no option of it, the first that holds."""
NOT_ELIGIBLE = "not_eligible"


@dataclass(frozen=True)
class ActionEffect:
    """The relative change of purchases that an action makes while it acts.

    Attributes
    ----------
    change, width : float or ndarray of float64, shape (n,)
        For all customers of the planning table, or of each: mean and standard deviation.
    source : {"guess", "posterior"}
        Whether it stands in the catalogue, or comes from outcomes of earlier plans.
    by_customer : callable, optional
        Takes the planning table and returns change and width of each customer, in their place.
    evidence : mapping of str to Any
        What a manifest keeps of how it was learnt.
    """

    change: Floats | float
    width: Floats | float
    source: str = "guess"
    by_customer: Callable[[pd.DataFrame], tuple[Floats, Floats]] | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Options:
    """All options, and who has none.

    Attributes
    ----------
    table : DataFrame, shape (n_options, 14)
        `customer` (position in the planning table), `customer_id`, `action`, `event_type`, `channel`, `rep`,
        `territory`, `minutes`, `cost_expected`, `effect` (expected purchases that the action adds in the horizon),
        `value` (equal to `value_expected`), `value_expected`, `value_low`, `value_high` (an 80 % interval) and
        `value_width` (the standard deviation that the uncertain effect gives the value), all in currency.
    passed_over : Series of str
        By `customer_id`: why a customer has no option.
    refused : Series of str
        By position in the planning table, of customers who have options: why an action that would pay is none of them.
    """

    table: pd.DataFrame
    passed_over: pd.Series
    refused: pd.Series


def guessed_effects(catalogue: Catalogue) -> dict[str, ActionEffect]:
    """Return the catalogue's guess for each action."""
    return {action.name: ActionEffect(action.effect, action.effect_width) for action in catalogue.actions}


def make_options(
    table: pd.DataFrame,
    catalogue: Catalogue,
    cutoff: AsOf,
    first_day: int,
    earlier_plans: EarlierPlans | None = None,
    effects: Mapping[str, ActionEffect] | None = None,
) -> Options:
    """Return every option that eligibility, opt-outs, gaps and earlier plans allow.

    Parameters
    ----------
    table : DataFrame
        The planning table.
    catalogue : Catalogue
    cutoff : AsOf
    first_day : int
        The first day of the plan's week, from which gaps are counted.
    earlier_plans : EarlierPlans, optional
        Of earlier plans.
    effects : mapping of str to ActionEffect, optional
        By action; those of the catalogue without it.

    Returns
    -------
    Options
    """
    earlier_plans = earlier_plans or EarlierPlans()
    effects = {**guessed_effects(catalogue), **(effects or {})}
    first_reason = np.full(len(table), len(PASSED_OVER))  # the first of PASSED_OVER over all actions, none so far
    meant, served = np.zeros(len(table), bool), np.zeros(len(table), bool)
    quiet_days = first_day - _last_contact(table, cutoff, earlier_plans)
    parts = []
    refused = np.full(len(table), len(PASSED_OVER))  # the same, of actions that would pay
    for action in catalogue.actions:
        eligible = holds(action.eligible, table)
        reason = np.full(len(table), len(PASSED_OVER))
        for code, blocked in enumerate(_blocks(table, action, catalogue, earlier_plans, quiet_days)):
            reason[blocked & (reason == len(PASSED_OVER))] = code
        first_reason = np.where(eligible, np.minimum(first_reason, reason), first_reason)
        rows = np.flatnonzero(eligible & (reason == len(PASSED_OVER)))
        barred = np.flatnonzero(eligible & (reason < PASSED_OVER.index("no_forecast")) & _has_forecast(table))
        if len(barred):
            pays = _priced(table, barred, action, catalogue, effects[action.name])["value"].to_numpy(float) > 0
            refused[barred[pays]] = np.minimum(refused, reason)[barred[pays]]
        meant |= eligible
        served[rows] = True
        parts.append(_priced(table, rows, action, catalogue, effects[action.name]))
    options = pd.concat(parts, ignore_index=True).sort_values("customer", kind="stable", ignore_index=True)
    names = np.array([*PASSED_OVER, NOT_ELIGIBLE], dtype=object)
    why = names[np.where(meant, first_reason, len(PASSED_OVER))]
    for column in ("rep", "territory"):
        options.insert(1, column, table[column].to_numpy(object)[options["customer"]])
    options.insert(1, "customer_id", table.index.to_numpy(object)[options["customer"]])
    paying = np.flatnonzero(served & (refused < len(PASSED_OVER)))
    return Options(
        options,
        pd.Series(why[~served], table.index[~served], dtype=object),
        pd.Series(names[refused[paying]], paying, dtype=object),
    )


def _last_contact(table: pd.DataFrame, cutoff: AsOf, earlier_plans: EarlierPlans) -> Floats:
    """Return the day of the last contact in the log or in earlier plans; minus infinity without one."""
    in_log = (cutoff.day - table["days_since_last_contact"]).fillna(-np.inf).to_numpy(float)
    planned = pd.Series(dict(earlier_plans.contacts), dtype=float).reindex(table.index).fillna(-np.inf).to_numpy(float)
    last: Floats = np.maximum(in_log, planned)
    return last


def _blocks(
    table: pd.DataFrame, action: Action, catalogue: Catalogue, earlier_plans: EarlierPlans, quiet_days: Floats
) -> Iterator[NDArray[np.bool_]]:
    """Yield for whom each reason of `PASSED_OVER` holds, in order."""
    yield np.asarray(table.index.isin(list(earlier_plans.control)))
    skips = earlier_plans.skips
    standing = skips[~_corrected(table, skips)]
    through = standing[standing["channel"] == action.channel]
    lists = table["opted_out"]
    out = np.fromiter(
        (bool(words) and (action.channel in words or "all" in words) for words in lists), bool, len(table)
    )
    yield out | _named(table, through, "opted_out")
    yield _named(table, standing if action.kind == "visit" else standing[:0], "wrong_person")
    yield _named(table, standing, "bad_moment")
    yield _named(table, standing[standing["action"] == action.name], "not_worth_it")
    yield quiet_days < action.min_gap_days
    by_rep = any(catalogue.pool(name).per == "rep" for name in action.pools)
    yield table["rep"].isna().to_numpy() & by_rep
    yield ~_has_forecast(table)


def _has_forecast(table: pd.DataFrame) -> NDArray[np.bool_]:
    spend, purchases = table["expected_spend"].to_numpy(float), table["expected_purchases"].to_numpy(float)
    return np.asarray(np.isfinite(spend) & (purchases > 0))


def _named(table: pd.DataFrame, skips: pd.DataFrame, reason: str) -> NDArray[np.bool_]:
    return np.asarray(table.index.isin(skips.loc[skips["reason"] == reason, "customer_id"]))


def _corrected(table: pd.DataFrame, skips: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which skips a newer row of the customers' table ends: an opt-out one that says so, others any."""
    recorded = pd.to_datetime(skips["recorded_at"], utc=True).to_numpy()
    rows = table["customer_recorded_at"].reindex(skips["customer_id"]).to_numpy()
    said = [
        table["not_opted_out"].get(customer_id, {}).get(channel, pd.NaT)
        for customer_id, channel in zip(skips["customer_id"], skips["channel"], strict=True)
    ]
    permitted = pd.to_datetime(pd.Series(said, dtype="datetime64[us, UTC]"), utc=True).to_numpy()
    ends = np.where(skips["reason"] == "opted_out", permitted > recorded, rows > recorded)
    return np.asarray(skips["reason"].isin(UNTIL_CORRECTED) & ends)


def _priced(
    table: pd.DataFrame, rows: NDArray[np.int64], action: Action, catalogue: Catalogue, effect: ActionEffect
) -> pd.DataFrame:
    """Return the options of some customers with one action, with what they bring and cost."""
    purchases = table["expected_purchases"].to_numpy(float)[rows]
    spend = table["expected_spend"].to_numpy(float)[rows]
    acting = min(action.acts_days, catalogue.horizon_days) / catalogue.horizon_days
    effects = (effect.change, effect.width) if effect.by_customer is None else effect.by_customer(table)
    change, width = (np.broadcast_to(each, len(table))[rows] for each in effects)
    gain = catalogue.margin * spend * acting  # of doubling what is bought while the action acts
    # What the action adds is redeemed too.
    bought = purchases * acting * np.maximum(1 + change, 0)
    cost = expected_cost(action, bought, spend / purchases)
    points = catalogue.worth_of_satisfaction_point * action.satisfaction_points
    points += catalogue.worth_of_loyalty_point * action.loyalty_points
    value = gain * change - cost + points
    return pd.DataFrame(
        {
            "customer": rows,
            "action": action.name,
            "event_type": action.kind,
            "channel": action.channel,
            "minutes": action.minutes,
            "cost_expected": cost,
            "effect": purchases * acting * change,
            "value": value,
            "value_expected": value,
            "value_low": value - LEVEL_Z * gain * width,
            "value_high": value + LEVEL_Z * gain * width,
            "value_width": gain * width,
        }
    )
