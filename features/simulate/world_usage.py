"""Usage and feedback in a world: what living customers do besides buying."""

import numpy as np

from features.simulate.behaviour import OwnEvent
from features.simulate.keyed_random import Purpose
from features.simulate.seasonal_time import Floats
from features.simulate.world_contacts import rate
from features.simulate.world_log import CHANNEL_CODES
from features.simulate.world_state import Ints, State


def add_usage_and_feedback(state: State, day: int) -> None:
    """Let living customers use the product and give feedback, each at most once a day."""
    customer, time, chance = _events_of_day(state, Purpose.USAGE, state.population.customers.usage_rate, day, 2)
    channel = CHANNEL_CODES["app"] + (chance[:, 1] < 0.4)
    state.events.add("usage", customer, time, channel=channel)

    daily = np.full(state.count, state.truth.feedback_per_year / 365.25)
    customer, time, chance = _events_of_day(state, Purpose.FEEDBACK, daily, day, 4)
    levels = state.levels(customer)
    state.events.add(
        "feedback", customer, time, channel=CHANNEL_CODES["web"],
        satisfaction=rate(state, levels[:, 0], chance[:, 1], np.ones(len(time), np.bool_)),
        loyalty=rate(state, levels[:, 1], chance[:, 2], chance[:, 3] < 0.6),
    )  # fmt: skip
    for number, event in enumerate(state.truth.own_events):
        _own_events(state, event, number, day)


def _own_events(state: State, event: OwnEvent, number: int, day: int) -> None:
    chances, code = state.chances, Purpose.OWN_EVENTS
    has_any = chances.first().generator(code, number).random(state.count) < event.share
    daily = np.where(has_any, event.per_year / 365.25, 0.0)
    customer, time, _ = _events_of_day(state, code, daily, day, 1, number)
    amount = np.full(len(customer), np.nan)
    if event.amount:
        normal = chances.generator(code, day, number, 1).standard_normal(state.count)[customer]
        amount = np.maximum(np.round(event.amount * np.exp(event.spread * normal), 2), 0.01)
    state.events.add(event.type, customer, time, amount=amount)


def _events_of_day(
    state: State, purpose: Purpose, daily: Floats, day: int, columns: int, *key: int
) -> tuple[Ints, Floats, Floats]:
    chance = state.chances.generator(purpose, day, *key).random((state.count, columns))
    probability = -np.expm1(-daily)
    customer = np.flatnonzero(chance[:, 0] < probability)
    # Below its limit the uniform number is one again.
    time = day + chance[customer, 0] / probability[customer]
    alive = (time > state.population.customers.first_purchase[customer]) & (time <= state.alive_until[customer])
    return customer[alive], time[alive], chance[customer[alive]]
