"""The effects that a new plan expects: the guesses of the catalogue after what earlier plans have shown."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from features.as_of import AsOf
from features.store.event_store import EventStore
from planning.catalogue.actions import Catalogue
from planning.causal_inference.randomised_effect import Effect
from planning.effects.decisions import decisions
from planning.effects.effects_by_action import effects_of_one_action
from planning.options.options_table import ActionEffect
from planning.plan_folder import Plan
from planning.plans_in_force import cutoff_of, plans_in_force


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
        is not among them.
    """
    made = [plan for plan in plans if cutoff_of(plan, store.timezone).time <= cutoff.time]
    table = decisions(
        store, [plan for plan in plans_in_force(made) if len(plan.items)], catalogue.horizon_days, known_at=cutoff
    )
    if table.empty:
        return {}
    seen = effects_of_one_action(table[table["action"].isin([action.name for action in catalogue.actions])])
    learned = posterior_catalogue(catalogue, seen, catalogue.horizon_days)
    actions = [learned.action(name) for name in seen]
    return {action.name: ActionEffect(action.effect, action.effect_width, "posterior") for action in actions}


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


def posterior_catalogue(catalogue: Catalogue, effects: Mapping[str, Effect], horizon_days: int) -> Catalogue:
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

    Returns
    -------
    Catalogue
        `effect` and `effect_width` of the actions seen are those after the observation; the others are as they were.
    """
    actions = []
    for action in catalogue.actions:
        seen = effects.get(action.name)
        if seen is not None and seen.mean_control > 0:
            stretch = max(1.0, horizon_days / action.acts_days) / seen.mean_control
            mean, width = posterior(
                action.effect, action.effect_width, seen.estimate * stretch, seen.standard_error * stretch
            )
            action = msgspec.structs.replace(action, effect=float(np.clip(mean, -1, 10)), effect_width=width)
        actions.append(action)
    return msgspec.structs.replace(catalogue, actions=tuple(actions))
