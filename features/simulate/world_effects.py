"""What a contact does: it adds purchases, takes others away, and changes spend, churn, satisfaction and loyalty."""

import numpy as np

from features.schema import GOALS
from features.simulate.keyed_random import Purpose
from features.simulate.purchase_marks import draw_marks
from features.simulate.responses import CONTENTS
from features.simulate.seasonal_time import Floats
from features.simulate.world_state import Contacts, Ints, State


def strengths(state: State, contacts: Contacts) -> Floats:
    """Return the factor of each contact's effects: the customer's response, the rep's skill, fatigue."""
    population = state.population
    factor = population.effects[contacts.customer, contacts.action]
    if state.truth.reps:
        is_visit = contacts.action < len(state.truth.visits)
        factor = factor * np.where(is_visit, population.rep_skill[population.rep[contacts.customer]], 1.0)
    recent = state.contacts_by_day.sum(0)[contacts.customer] if state.truth.fatigue else 0
    return np.asarray(factor * (1 - state.truth.fatigue * recent), np.float64)


def apply_effects(state: State, contacts: Contacts, time: Floats, strength: Floats, purpose: Purpose) -> Floats:
    """Let contacts act from a time on; returns the time of the first purchase that each induces (infinity: none)."""
    truth = state.truth
    focus = np.ones((len(GOALS), len(contacts.customer)))
    for index, goal in enumerate(GOALS):
        other = (contacts.goal >= 0) & (contacts.goal != GOALS.index(goal))
        focus[index] = np.where(other, truth.off_goal, 1.0)
    on = dict(zip(GOALS, focus, strict=True))
    lift = strength * state.of_actions("effect")[contacts.action] * on["purchase_count"]
    first = raise_rate(state, contacts.customer, contacts.action, time, lift, purpose)

    ends = time + state.acts_days(contacts.action)
    spend = strength * state.of_actions("spend")[contacts.action] * on["purchase_value"]
    _latest(contacts.customer, ends, np.maximum(spend, -1.0), state.spend_until, state.spend_lift)
    retention = strength * state.of_actions("leaving")[contacts.action] * on["loyalty"]
    _latest(contacts.customer, ends, np.clip(retention, 0.0, 1.0), state.retained_until, state.retention)
    for column, name in enumerate(("satisfaction", "loyalty")):
        is_visit = contacts.action < len(truth.visits)
        other = is_visit & (contacts.content != CONTENTS.index(f"{name}_survey"))
        change = strength * state.of_actions(name)[contacts.action] * on[name]
        np.add.at(state.level_changes[:, column], contacts.customer, change * np.where(other, truth.off_content, 1.0))
    return first


def raise_rate(state: State, customer: Ints, action: Ints, time: Floats, lift: Floats, purpose: Purpose) -> Floats:
    """Multiply purchase rates by `1 + lift` while the actions act; returns the time of each first purchase added."""
    days = state.acts_days(action)
    first = np.full(len(customer), np.inf)
    if not len(customer):
        return first
    begins, ends = state.clock.at(time), state.clock.at(time + days)
    key = (int(time[0]), 0 if purpose in (Purpose.VISITS, Purpose.REDEEMED) else 1)
    source = Purpose.REDEEMED if purpose is Purpose.REDEEMED else Purpose.INDUCED
    mean = state.population.customers.rate[customer] * np.maximum(lift, 0.0) * (ends - begins)
    counts = poisson_quantile(state.chances.generator(source, *key, 0).random(state.count)[customer], mean)
    for number in range(1, int(counts.max(initial=0)) + 1):
        rows = np.flatnonzero(counts >= number)
        who = customer[rows]
        # Few purchases are induced on a day: each has a generator of its own.
        marks = [draw_marks(state.truth, state.chances, source, (*key, number, int(one)), 1) for one in who]
        columns = {name: np.concatenate([mark[name] for mark in marks]) for name in marks[0]}
        when = state.clock.day(begins[rows] + columns["chance"][:, 4] * (ends - begins)[rows])
        first[rows] = np.minimum(first[rows], when)
        state.induced.append({"customer": who, "time": when} | columns)
    for starts, stops, share in (
        (time, time + days, np.clip(-lift, 0.0, 1.0)),
        (time + days, time + 2 * days, np.clip(lift * state.truth.pull_forward, 0.0, 1.0)),
    ):
        rows = np.flatnonzero(share > 0)
        if len(rows):
            columns = {"customer": customer, "begins": starts, "ends": stops, "share": share}
            state.suppressions.append({name: column[rows] for name, column in columns.items()})
    return first


def poisson_quantile(chance: Floats, mean: Floats) -> Ints:
    """Return Poisson counts by inversion: a higher mean never gives a lower count of the same chance."""
    counts = np.zeros(len(mean), np.int64)
    probability = np.exp(-mean)
    cumulative = probability.copy()
    above = np.flatnonzero(chance >= cumulative)
    while len(above) and counts.max() < 1_000:
        counts[above] += 1
        probability[above] *= mean[above] / counts[above]
        cumulative[above] += probability[above]
        above = above[chance[above] >= cumulative[above]]
    return counts


def _latest(customer: Ints, ends: Floats, share: Floats, until: Floats, shares: Floats) -> None:
    """Let the latest contact of a customer decide, where it has any effect."""
    rows = np.flatnonzero(share != 0)
    until[customer[rows]], shares[customer[rows]] = ends[rows], share[rows]
