"""What earlier plans have shown of each action, as the effects that a new plan expects."""

from collections.abc import Sequence

from features.as_of import AsOf
from features.store.event_store import EventStore
from planning.actions import Catalogue
from planning.decisions import decisions
from planning.options import ActionEffect
from planning.plan_folder import Plan
from planning.plans_in_force import cutoff_of, plans_in_force
from planning.priors import effects_of_one_action, learned_catalogue


def learned_effects(
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
    learned = learned_catalogue(catalogue, seen, catalogue.horizon_days)
    actions = [learned.action(name) for name in seen]
    return {action.name: ActionEffect(action.effect, action.effect_width, "learnt") for action in actions}
