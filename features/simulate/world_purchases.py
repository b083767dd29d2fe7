"""The purchases of a world, day by day: spontaneous and induced ones, suppression, churn, amounts, redemption.

The spontaneous purchases of a customer are the same whatever is done. Only they bring churn nearer.
"""

import numpy as np
from numpy.typing import NDArray

from features.simulate.keyed_random import Purpose
from features.simulate.purchase_marks import returns
from features.simulate.seasonal_time import Floats
from features.simulate.world_effects import raise_rate
from features.simulate.world_log import OUTCOME_CODES
from features.simulate.world_rows import Rows, in_order, join, where
from features.simulate.world_state import Ints, State

Flags = NDArray[np.bool_]


def purchase(state: State, day: int) -> None:
    """Let the customers buy on a day."""
    _stay_longer(state, day)
    today = _today(state, day)
    today = where(today, today["time"] <= state.alive_until[today["customer"]])
    _churn(state, today, day)
    kept = (today["time"] <= state.alive_until[today["customer"]]) & (
        today["first"] | _not_suppressed(state, today, day)
    )
    today = where(today, kept)
    customer, time, chance = today["customer"], today["time"], today["chance"]
    lift = np.where(state.spend_until[customer] > time, state.spend_lift[customer], 0.0)
    mean = state.population.customers.mean_spend[customer] * (1 + lift)
    amount = np.maximum(np.round(today["size"] * mean, 2), 0.01)
    channel = (chance[:, 0] < state.population.online_share[customer]).astype(np.int64)
    state.events.add("purchase", customer, time, amount=amount, channel=channel)
    rows, days, back = returns(state.truth, amount, chance)
    state.events.add("return", customer[rows], time[rows] + days, amount=back, channel=channel[rows])

    state.purchases += np.bincount(customer, minlength=state.count)
    state.spend += np.bincount(customer, amount, minlength=state.count)
    state.induced_purchases += np.bincount(customer[today["induced"]], minlength=state.count)
    repeats = ~today["first"]
    state.recent += np.bincount(customer[repeats], minlength=state.count)
    state.last[customer] = time
    _redeem(state, customer, time, day)


def _today(state: State, day: int) -> Rows:
    """Return the day's purchases, if nothing prevents them, sorted by customer and time."""
    time = state.spontaneous["time"]
    base = where(state.spontaneous, (time >= day) & (time < day + 1))
    base["induced"] = np.zeros(len(base["time"]), np.bool_)
    parts = [base]
    if state.induced:
        induced = join(state.induced)
        now = induced["time"] < day + 1
        state.induced = [where(induced, ~now)]
        own = where(induced, now)
        flags = np.ones(len(own["time"]), np.bool_)
        parts.append(own | {"first": ~flags, "induced": flags})
    return in_order(join(parts))


def _churn(state: State, today: Rows, day: int) -> None:
    """Let customers churn at their last spontaneous purchase; some stay because of an action."""
    drawn = state.population.customers
    customer = today["customer"][~(today["first"] | today["induced"])]
    time = today["time"][~(today["first"] | today["induced"])]
    rank = np.arange(len(customer)) - np.searchsorted(customer, customer)
    rows = np.flatnonzero(state.repeats_left[customer] - rank == 1)
    if (state.retained_until > day).any():
        chance = state.chances.generator(Purpose.RETENTION, day).random((state.count, 2))
        retained = (state.retained_until[customer[rows]] > time[rows]) & (
            chance[customer[rows], 0] < state.retention[customer[rows]]
        )
        kept = customer[rows[retained]]
        # A new life of at least one purchase more begins.
        dropout = np.clip(drawn.dropout_probability[kept], 1e-12, 1 - 1e-12)
        more = 1 + np.floor(np.log1p(-chance[kept, 1]) / np.log1p(-dropout))
        state.repeats_left[kept] += more
        rows = rows[~retained]
    state.alive_until[customer[rows]] = time[rows]
    state.repeats_left -= np.bincount(customer, minlength=state.count)


def _stay_longer(state: State, day: int) -> None:
    """Let customers who churn by time (Pareto) stay if an action keeps them."""
    if state.truth.dropout != "pareto" or not (state.retained_until > day).any():
        return
    chance = state.chances.generator(Purpose.RETENTION, day).random((state.count, 2))
    leaves = (state.alive_until >= day) & (state.alive_until < day + 1) & (state.retained_until > state.alive_until)
    kept = np.flatnonzero(leaves & (chance[:, 0] < state.retention))
    state.alive_until[kept] -= np.log1p(-chance[kept, 1]) / state.population.customers.dropout_rate[kept]


def _not_suppressed(state: State, today: Rows, day: int) -> Flags:
    if not state.suppressions:
        return np.ones(len(today["time"]), np.bool_)
    rows = join(state.suppressions)
    rows = where(rows, rows["ends"] > day)
    state.suppressions = [rows] if len(rows["ends"]) else []
    acting = rows["begins"] < day + 1
    keeps = np.ones(state.count)
    np.multiply.at(keeps, rows["customer"][acting], 1 - rows["share"][acting])
    chance = state.chances.generator(Purpose.SUPPRESSED, day).random(state.count)
    return (chance < keeps)[today["customer"]]


def _redeem(state: State, customer: Ints, time: Floats, day: int) -> None:
    """Redeem the open offers of customers who bought, and end those whose time is over."""
    if not state.offers:
        return
    offers, bought = state.offers, np.full(state.count, np.inf)
    bought[customer[::-1]] = time[::-1]  # the first purchase of the day
    own = bought[offers["customer"]]
    redeemed = (own > offers["sent"]) & (own < offers["expires"]) & offers["redeems"]
    # Expiry is recorded the next morning.
    ended = ~redeemed & (offers["expires"] < day + 1)
    for name, rows, when in (("redeemed", redeemed, own), ("expired", ended, np.floor(offers["expires"]) + 1)):
        columns = {column: offers[column][rows] for column in ("channel", "plan_item")}
        state.events.add("incentive", offers["customer"][rows], when[rows], outcome=OUTCOME_CODES[name], **columns)
    rows = redeemed & (offers["lift"] != 0)
    customer, action, lift = (offers[name][rows] for name in ("customer", "action", "lift"))
    raise_rate(state, customer, action, own[rows], lift, Purpose.REDEEMED)
    state.offers = where(offers, ~(redeemed | ended))
