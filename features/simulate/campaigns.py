"""The visits and incentives that a world's firm makes by itself: at random in one group, by habit in the others.

Every decision is kept with the probability of each action, so that the random group is an experiment.
"""

import numpy as np
from numpy.typing import NDArray

from features.simulate.keyed_random import Purpose
from features.simulate.responses import GOAL_SHARES
from features.simulate.seasonal_time import Floats
from features.simulate.truth import PERIOD_DAYS
from features.simulate.world_state import Contacts, State

_MEMORY = 0.5 ** (PERIOD_DAYS / 90)  # sales staff recall purchases with a half-life of 90 days


def begin_period(state: State, day: int) -> Contacts:
    """Decide on the visits and incentives of the 28 days from a day on; returns them."""
    drawn, truth = state.population.customers, state.truth
    known = drawn.first_purchase < day
    state.recent[known] *= _MEMORY
    visit_weight = (0.2 + state.recent) ** truth.visit_confounding
    if truth.private_knowledge:
        time = state.spontaneous["time"]
        soon = (time >= day) & (time < day + PERIOD_DAYS)
        coming = np.bincount(state.spontaneous["customer"][soon], minlength=state.count)
        visit_weight = visit_weight * np.exp(truth.private_knowledge * np.minimum(coming, 3))
    incentive_weight = np.clip(day - state.last, 1.0, 365.0) ** truth.incentive_confounding
    visits = _assign(state, day, 0, known, drawn.visits_at_random, visit_weight)
    incentives = _assign(state, day, 1, known, drawn.incentives_at_random, incentive_weight)
    return Contacts(*[np.concatenate(pair) for pair in zip(visits, incentives, strict=True)])


def _assign(
    state: State, day: int, program: int, known: NDArray[np.bool_], at_random: NDArray[np.bool_], weight: Floats
) -> Contacts:
    truth = state.truth
    actions = (truth.visits, truth.incentives)[program]
    yearly = np.array([action.per_year for action in actions])
    if not yearly.sum() or not known.any():
        return Contacts.of(*[np.empty(0, np.int64)] * 3)
    selected = known & ~at_random
    relative = np.where(at_random, 1.0, weight / (weight[selected].mean() if selected.any() else 1.0))
    chance = np.minimum(known * relative * (yearly.sum() * PERIOD_DAYS / 365.25), 1.0)
    purpose = (Purpose.VISIT_CAMPAIGN, Purpose.INCENTIVE_CAMPAIGN)[program]
    drawn = state.chances.generator(purpose, day // PERIOD_DAYS).random((state.count, 4))
    customer = np.flatnonzero(drawn[:, 0] < chance)
    code = np.searchsorted(np.cumsum(yearly)[:-1], drawn[customer, 1] * yearly.sum(), side="right")
    workdays = np.flatnonzero((truth.start.weekday() + day + np.arange(PERIOD_DAYS)) % 7 < 5)
    when = day + workdays[(drawn[customer, 2] * len(workdays)).astype(np.int64)]
    plan_item = np.full(len(customer), -1)
    if truth.plan_items:
        first = len(state.events.plan_items)
        letter = "VI"[program]
        state.events.plan_items += [f"{letter}{day // PERIOD_DAYS:03d}-C{row + 1:07d}" for row in customer]
        plan_item = np.arange(first, first + len(customer))

    action = code + program * len(truth.visits)
    taken = np.full(state.count, -1)
    taken[customer] = action
    item = np.full(state.count, -1)
    item[customer] = plan_item
    state.decisions.append(
        {
            "customer": np.flatnonzero(known),
            "day": np.full(known.sum(), day),
            "program": np.full(known.sum(), program),
            "action": taken[known],
            "at_random": at_random[known],
            "propensity": chance[known],
            "plan_item": item[known],
        }
    )
    if program == 1:
        return Contacts.of(customer, when, action, plan_item=plan_item)
    goal = np.searchsorted(np.cumsum(GOAL_SHARES)[:-1], drawn[customer, 3], side="right")
    # Visits with a purchase goal are about needs; the other two goals have their own survey.
    content = np.maximum(goal - 1, 0)
    return Contacts.of(customer, when, action, goal=goal, content=content, plan_item=plan_item)
