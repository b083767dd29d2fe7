"""What happens at the visits and incentives of a day: who is met, what comes of it, what they rate, who redeems."""

import numpy as np
from numpy.typing import NDArray

from features.simulate.keyed_random import Purpose
from features.simulate.purchase_process import TimedEvents
from features.simulate.responses import CONTENTS, NO_CONTACT, ORDERS_WITHIN, RATING_NOISE, next_purchase
from features.simulate.seasonal_time import OFFICE_HOURS, Floats
from features.simulate.world_effects import apply_effects, strengths
from features.simulate.world_log import CHANNEL_CODES, OUTCOME_CODES
from features.simulate.world_rows import Rows
from features.simulate.world_state import Contacts, Ints, State

Flags = NDArray[np.bool_]


def carry_out(state: State, contacts: Contacts, day: int) -> None:
    """Make the day's visits and send its incentives; at most one of each for a customer."""
    state.contacts_by_day[day % len(state.contacts_by_day)] = 0
    half_life = state.truth.level_half_life
    state.level_changes *= 0.5 ** (1 / half_life)
    is_visit = contacts.action < len(state.truth.visits)
    if is_visit.any():
        _visit(state, contacts.where(is_visit), day)
    if not is_visit.all():
        _send(state, contacts.where(~is_visit), day)


def _visit(state: State, contacts: Contacts, day: int) -> None:
    chance = state.chances.generator(Purpose.VISITS, day).random((state.count, 8))[contacts.customer]
    time = day + OFFICE_HOURS[0] + chance[:, 0] * (OFFICE_HOURS[1] - OFFICE_HOURS[0])
    churned = time >= state.alive_until[contacts.customer]
    made = (contacts.plan < 0) | ((chance[:, 1] < _acceptance(state, contacts, churned)) & (contacts.in_time != 0))
    skipped = contacts.where(~made)
    contacts, chance, time, churned = contacts.where(made), chance[made], time[made], churned[made]
    _keep_record(state, skipped, np.full(len(skipped.customer), float(day)), "skipped")

    opted_out = state.population.opt_outs[contacts.customer, contacts.action] <= time
    outcome = _outcome(state, contacts, chance[:, 2], churned)
    outcome[opted_out] = OUTCOME_CODES["refused"]
    met = (outcome != OUTCOME_CODES["no_contact"]) & ~opted_out
    levels = state.levels(contacts.customer)
    strength = strengths(state, contacts)
    first = np.full(len(time), np.inf)
    first[met] = apply_effects(state, contacts.where(met), time[met], strength[met], Purpose.VISITS)
    state.contacts_by_day[day % len(state.contacts_by_day), contacts.customer[met]] += 1

    to_come = TimedEvents(state.spontaneous["customer"], state.spontaneous["time"], state.spontaneous["customer"])
    first = np.minimum(first, next_purchase(to_come, contacts.customer, time))
    orders = met & ~churned & (first < time + ORDERS_WITHIN) & (chance[:, 3] < 0.8)
    outcome[orders] = OUTCOME_CODES["ordered"]
    answers = met & (outcome != OUTCOME_CODES["refused"])
    ratings = {}
    for column, name in enumerate(("satisfaction", "loyalty")):
        asked = (contacts.content == CONTENTS.index(f"{name}_survey")) | (
            (contacts.content == CONTENTS.index(f"{('loyalty', 'satisfaction')[column]}_survey")) & (chance[:, 4] < 0.3)
        )
        ratings[name] = rate(state, levels[:, column], chance[:, 5 + column], answers & asked)
    channels = np.array([CHANNEL_CODES[visit.channel] for visit in state.truth.visits])
    state.events.add(
        "visit", contacts.customer, time, channel=channels[contacts.action], goal=contacts.goal,
        content=contacts.content, outcome=outcome, plan_item=contacts.plan_item, **ratings,
    )  # fmt: skip
    _keep_record(state, contacts, time, "done", outcome=outcome, **ratings)


def _outcome(state: State, contacts: Contacts, chance: Floats, churned: Flags) -> Ints:
    misses = np.array([NO_CONTACT[visit.channel] for visit in state.truth.visits])[contacts.action]
    preference = state.population.preferences[contacts.customer, contacts.action]
    level = state.levels(contacts.customer)[:, 0]
    miss = np.minimum(shifted(misses, -preference) + np.where(churned, 0.3, 0.0), 0.98)
    refuse = (1 - miss) * np.where(churned, 0.5, 0.05 + 0.3 * (1 - level))
    interest = (1 - miss - refuse) * np.where(churned, 0.05, shifted(0.2 + 0.5 * level, preference))
    rank = (chance >= miss).astype(np.int64) + (chance >= miss + refuse) + (chance >= miss + refuse + interest)
    names = ("no_contact", "refused", "interested", "neutral")
    outcomes: Ints = np.array([OUTCOME_CODES[name] for name in names])[rank]
    return outcomes


def _acceptance(state: State, contacts: Contacts, churned: Flags) -> Floats:
    truth = state.truth
    if truth.acceptance == 1:
        return np.ones(len(churned))
    logs = np.log(state.population.customers.rate)
    prognosis = (logs[contacts.customer] - logs.mean()) / max(float(logs.std()), 1e-9) - 1.5 * churned
    return shifted(np.full(len(churned), truth.acceptance), truth.acceptance_follows * prognosis)


def _send(state: State, contacts: Contacts, day: int) -> None:
    chance = state.chances.generator(Purpose.INCENTIVES, day).random((state.count, 2))[contacts.customer]
    time = day + OFFICE_HOURS[0] + chance[:, 0] * (OFFICE_HOURS[1] - OFFICE_HOURS[0])
    strength = strengths(state, contacts)
    apply_effects(state, contacts, time, strength, Purpose.INCENTIVES)
    state.contacts_by_day[day % len(state.contacts_by_day), contacts.customer] += 1
    names = [CHANNEL_CODES[action.channel] for action in state.truth.actions]
    channel = np.array(names)[contacts.action]
    preference = state.population.preferences[contacts.customer, contacts.action]
    sent: Rows = {
        "customer": contacts.customer,
        "action": contacts.action,
        "channel": channel,
        "plan_item": contacts.plan_item,
        "sent": time,
        "expires": time + state.truth.incentive_days,
        "redeems": chance[:, 1] < shifted(np.full(len(time), state.truth.redemption_share), preference),
        "lift": strength * state.of_actions("redeemed")[contacts.action],
    }
    open_offers = state.offers or {name: column[:0] for name, column in sent.items()}
    state.offers = {name: np.concatenate([open_offers[name], column]) for name, column in sent.items()}
    outcome = OUTCOME_CODES["sent"]
    state.events.add(
        "incentive", contacts.customer, time, channel=channel, outcome=outcome, plan_item=contacts.plan_item
    )
    _keep_record(state, contacts, time, "done", outcome=np.full(len(time), outcome))


def shifted(probability: Floats, log_odds: Floats) -> Floats:
    """Return probabilities whose log odds are moved."""
    odds = probability / np.maximum(1 - probability, 1e-12) * np.exp(log_odds)
    return np.asarray(odds / (1 + odds), np.float64)


def rate(state: State, level: Floats, chance: Floats, given: Flags) -> Floats:
    """Return whole-number ratings around a level; NaN where none is given."""
    # A logistic error has the standard deviation pi / sqrt(3) times its scale.
    safe = np.clip(chance, 1e-12, 1 - 1e-12)
    noise = RATING_NOISE * np.sqrt(3) / np.pi * np.log(safe / (1 - safe))
    whole = np.round(np.clip(level + noise, 0.0, 1.0) * state.truth.rating_max)
    return np.where(given, np.minimum(whole, state.truth.rating_max), np.nan)


def _keep_record(state: State, contacts: Contacts, time: Floats, status: str, **columns: NDArray[np.generic]) -> None:
    rows = np.flatnonzero(contacts.plan >= 0)
    if len(rows):
        kept = {name: column[rows] for name, column in contacts._asdict().items()}
        kept |= {"time": time[rows], "status": np.full(len(rows), status)}
        null = np.full(len(rows), np.nan)
        kept |= dict.fromkeys(("outcome", "satisfaction", "loyalty"), null)
        state.records.append(kept | {name: column[rows].astype(np.float64) for name, column in columns.items()})
