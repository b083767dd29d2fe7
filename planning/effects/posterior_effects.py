"""The effects that a new plan expects: the guesses of the catalogue after what earlier plans have shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from features.as_of import AsOf
from features.store.event_store import EventStore
from planning.catalogue.actions import Action, Catalogue
from planning.causal_inference.randomised_effect import Effect
from planning.effects.decisions import decisions
from planning.effects.effects_by_action import PooledRounds, effects_of_one_action, planned_more, pooled_rounds
from planning.effects.uplift_by_action import ActionUplift, enough_for_uplift, uplift_by_action, with_known_facts
from planning.options.options_table import ActionEffect
from planning.plan_folder import Plan
from planning.plans_in_force import cutoff_of, plans_in_force
from training.models.arrays import Floats


def posterior_effects(
    store: EventStore, plans: Sequence[Plan], catalogue: Catalogue, cutoff: AsOf
) -> dict[str, ActionEffect]:
    """Return the effects of the actions that plans with a hold-out have shown by a cutoff.

    Parameters
    ----------
    store : EventStore
    plans : sequence of Plan
        Those made later, those that an earlier one made until then replaces, and those whose horizon is not over at the
        cutoff teach nothing.
    catalogue : Catalogue
        With the guesses that outcomes correct.
    cutoff : AsOf
        Nothing known only later is used.

    Returns
    -------
    dict of str to ActionEffect
        By action of the catalogue: the guess after what was seen; an action with too few customers keeps its guess and
        is not among them. Where several rounds have shown it, what was seen is their mean by a random-effects model,
        as uncertain as a round to come is. Where the customers drawn at random tell one customer's effect from
        another's, it is by customer.
    """
    made = [plan for plan in plans if cutoff_of(plan, store.timezone).time <= cutoff.time]
    in_force = [plan for plan in plans_in_force(made) if len(plan.items)]
    table = decisions(store, in_force, catalogue.horizon_days, known_at=cutoff)
    table = table[table["action"].isin([action.name for action in catalogue.actions])]
    if table.empty:
        return {}
    seen = effects_of_one_action(table)
    rounds = pooled_rounds(table)
    learned = posterior_catalogue(catalogue, seen, catalogue.horizon_days, rounds)
    uplifts = uplift_by_action(with_known_facts(store, in_force, enough_for_uplift(table)))
    effects = {}
    for name in seen:
        action, part = learned.action(name), table[table["action"] == name]
        evidence: dict[str, Any] = {"customers": len(part), "rounds": int(part["plan_id"].nunique())}
        by_customer = None
        if (uplift := uplifts.get(name)) is not None:
            evidence |= uplift_evidence(uplift)
            if uplift.by_customer:
                by_customer = CustomerEffects(action, uplift, planned_more(part), catalogue.horizon_days)
        effects[name] = ActionEffect(action.effect, action.effect_width, "posterior", by_customer, evidence)
    return effects


def uplift_evidence(uplift: ActionUplift) -> dict[str, Any]:
    """Return what a manifest keeps of the effects on single customers: used or not, and how well calibrated."""
    figures = {
        "calibration_slope": uplift.slope,
        "qini": uplift.qini,
        "qini_beyond_response": uplift.beyond_response,
        "squared_error_saved": uplift.gain,
    }
    return {
        "by_customer": uplift.by_customer,
        "learner": uplift.model.learner_,
        "differences_kept": uplift.model.kept_,
        **{name: [each.value, each.low, each.high] for name, each in figures.items()},
    }


@dataclass(frozen=True)
class CustomerEffects:
    """Turns an action's effect into one by customer: the differences between customers beside the action's mean.

    Attributes
    ----------
    action : Action
        With the effect after what was seen.
    uplift : ActionUplift
    more : float
        How many actions more the planned had in the horizon.
    horizon_days : int
    """

    action: Action
    uplift: ActionUplift
    more: float
    horizon_days: int

    def __call__(self, table: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return the relative change of each customer of the planning table, and its standard deviation."""
        differences, errors = self.uplift.beside_proportional(table)
        expected = table["expected_purchases"].to_numpy(float)
        acting = min(self.action.acts_days, self.horizon_days) / self.horizon_days
        bought = np.where(expected > 0, expected, np.inf) * acting * self.more  # NaN stays: nothing is foreseen of them
        change = np.clip(self.action.effect + np.nan_to_num(differences / bought), -1, 10)
        return change, np.hypot(self.action.effect_width, np.nan_to_num(errors / bought))


def posterior(guess: float, width: float, seen: float, error: float) -> tuple[float, float]:
    """Return mean and standard deviation of a normal guess after a normal observation.

    References
    ----------
    Gelman et al. (2013), Bayesian Data Analysis, 2.5.

    Examples
    --------
    >>> mean, width = posterior(0.1, 0.1, 0.3, 0.1)
    >>> round(mean, 3), round(width, 3)
    (0.2, 0.071)
    """
    precision = 1 / width**2 + 1 / error**2
    return (guess / width**2 + seen / error**2) / precision, float(precision**-0.5)


def posterior_catalogue(
    catalogue: Catalogue,
    effects: Mapping[str, Effect],
    horizon_days: int,
    rounds: Mapping[str, PooledRounds] | None = None,
) -> Catalogue:
    """Return the catalogue with the effects that past plans have shown.

    A catalogue's effect is a relative change of purchases while the action acts; what was seen is one over the whole
    horizon, so it is divided by the share of the horizon in which the action acts. It is of actions as planned: where a
    third is skipped, the next plan expects that too.

    Parameters
    ----------
    catalogue : Catalogue
    effects : mapping of str to Effect
        Of purchases, by action, as `effects_of_one_action` returns them.
    horizon_days : int
        In which they were counted.
    rounds : mapping of str to PooledRounds, optional
        As `pooled_rounds` returns them: of these actions their mean counts, with the spread between rounds.

    Returns
    -------
    Catalogue
        `effect` and `effect_width` of the actions seen are those after the observation; the others are as they were.
    """
    actions = []
    for action in catalogue.actions:
        seen = effects.get(action.name)
        if seen is not None and seen.mean_control > 0:
            pooled = (rounds or {}).get(action.name)
            change = pooled.mean if pooled else seen.estimate / seen.mean_control
            error = pooled.next_error if pooled else seen.standard_error / seen.mean_control
            stretch = max(1.0, horizon_days / action.acts_days)
            mean, width = posterior(action.effect, action.effect_width, change * stretch, error * stretch)
            action = msgspec.structs.replace(action, effect=float(np.clip(mean, -1, 10)), effect_width=width)
        actions.append(action)
    return msgspec.structs.replace(catalogue, actions=tuple(actions))
