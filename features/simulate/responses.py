"""Draws the events of a history: amounts, returns, visit outcomes, redemptions, ratings and usage."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.schema import (
    EVENT_TYPES,
    INCENTIVE_CHANNELS,
    INCENTIVE_OUTCOMES,
    VISIT_CHANNELS,
    VISIT_OUTCOMES,
)
from features.simulate.customers import Customers
from features.simulate.purchase_process import History, Ints, TimedEvents
from features.simulate.seasonal_time import Floats
from features.simulate.truth import Truth

CHANNEL_NAMES = ("shop", "online", "app", "web", *VISIT_CHANNELS, *INCENTIVE_CHANNELS)
CONTENTS = ("needs", "satisfaction_survey", "loyalty_survey")
OUTCOMES = VISIT_OUTCOMES + INCENTIVE_OUTCOMES

Codes = NDArray[np.int8]

GOAL_SHARES = (0.45, 0.25, 0.18, 0.12)
NO_CONTACT = {"face_to_face": 0.05, "phone": 0.25, "email": 0.50}
ORDERS_WITHIN = 7.0  # days after a visit in which a purchase may count as ordered
RATING_NOISE = 0.08  # standard deviation of one rating, as a share of the maximum
_FULL_RETURN = 0.6


class Events(NamedTuple):
    """Unsorted events: codes into the tuples above (-1 for null) and floats (NaN for null)."""

    customer: Ints
    time: Floats
    event_type: Codes
    amount: Floats
    channel: Codes
    goal: Codes
    content: Codes
    outcome: Codes
    satisfaction: Floats
    loyalty: Floats


def draw_events(truth: Truth, customers: Customers, history: History, rng: np.random.Generator) -> Events:
    """Draw all events of the customers in the `truth.days` days of the log."""
    online_share = rng.beta(0.7, 0.7, len(customers.rate))
    purchases, returns = _purchases_and_returns(truth, customers, history.purchases, online_share, rng)
    parts = [purchases, returns, _visits(truth, customers, history, rng), *_incentives(truth, history, rng)]
    parts += [_usage(customers, history, truth, rng), _feedback(truth, customers, history, rng)]
    columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    in_log = Events(*columns).time < truth.days
    return Events(*[column[in_log] for column in columns])


def _events(event_type: str, customer: Ints, time: Floats, **given: NDArray[np.generic]) -> Events:
    columns: list[Any] = []
    for name in Events._fields[3:]:
        number = name in ("amount", "satisfaction", "loyalty")
        dtype: type[np.generic] = np.float64 if number else np.int8
        null = np.full(len(customer), np.nan if number else -1, dtype)
        columns.append(given[name].astype(dtype, copy=False) if name in given else null)
    return Events(customer, time, _all(EVENT_TYPES.index(event_type), customer), *columns)


def _all(code: int, customer: Ints) -> Codes:
    return np.full(len(customer), code, np.int8)


def _purchases_and_returns(
    truth: Truth, customers: Customers, purchases: TimedEvents, online_share: Floats, rng: np.random.Generator
) -> tuple[Events, Events]:
    scale = customers.mean_spend[purchases.customer] / truth.spend_p
    amount = np.maximum(np.round(rng.standard_gamma(truth.spend_p, len(purchases.customer)) * scale, 2), 0.01)
    channel = (rng.random(len(amount)) < online_share[purchases.customer]).astype(np.int8)

    returned = np.flatnonzero(rng.random(len(amount)) < truth.return_share)
    share = np.where(rng.random(len(returned)) < _FULL_RETURN, 1.0, rng.uniform(0.1, 0.9, len(returned)))
    back = np.maximum(np.round(amount[returned] * share, 2), 0.01)
    time = purchases.time[returned] + 1 + rng.exponential(10.0, len(returned))
    return (
        _events("purchase", purchases.customer, purchases.time, amount=amount, channel=channel),
        _events("return", purchases.customer[returned], time, amount=back, channel=channel[returned]),
    )


def _visits(truth: Truth, customers: Customers, history: History, rng: np.random.Generator) -> Events:
    customer, time, code = history.visits
    channels = np.array([CHANNEL_NAMES.index(action.channel) for action in truth.visits], np.int8)
    misses = np.array([NO_CONTACT[action.channel] for action in truth.visits])
    goal = np.searchsorted(np.cumsum(GOAL_SHARES)[:-1], rng.random(len(customer)), side="right")
    # Visits with a purchase goal are about needs; the other two goals have their own survey.
    content = np.maximum(goal - 1, 0)

    churned = time >= history.alive_until[customer]
    level = customers.satisfaction[customer]
    miss = np.where(churned, 0.3, 0.0) + misses[code]
    refuse = (1 - miss) * np.where(churned, 0.5, 0.05 + 0.3 * (1 - level))
    interest = (1 - miss - refuse) * np.where(churned, 0.05, 0.2 + 0.5 * level)
    draw = rng.random(len(customer))
    names = ("no_contact", "refused", "interested", "neutral")
    met = (draw >= miss).astype(np.int8) + (draw >= miss + refuse) + (draw >= miss + refuse + interest)
    outcome = np.array([OUTCOMES.index(name) for name in names], np.int8)[met]
    buys = next_purchase(history.purchases, customer, time) < time + ORDERS_WITHIN
    outcome[buys & (rng.random(len(customer)) < 0.8)] = OUTCOMES.index("ordered")

    answers = (outcome != OUTCOMES.index("no_contact")) & (outcome != OUTCOMES.index("refused"))
    both = rng.random(len(customer)) < 0.3
    surveys = (content > 0) & answers
    satisfaction = _ratings(truth, customers.satisfaction, customer, surveys & (both | (content == 1)), rng)
    loyalty = _ratings(truth, customers.loyalty, customer, surveys & (both | (content == 2)), rng)
    return _events(
        "visit", customer, time, channel=channels[code], goal=goal, content=content, outcome=outcome,
        satisfaction=satisfaction, loyalty=loyalty,
    )  # fmt: skip


def _incentives(truth: Truth, history: History, rng: np.random.Generator) -> tuple[Events, Events]:
    customer, time, code = history.incentives
    channels = np.array([CHANNEL_NAMES.index(action.channel) for action in truth.incentives], np.int8)
    channel = channels[code]
    expires = time + truth.incentive_days
    purchase = next_purchase(history.purchases, customer, time)
    redeemed = (purchase < expires) & (rng.random(len(customer)) < truth.redemption_share)
    end = np.where(redeemed, OUTCOMES.index("redeemed"), OUTCOMES.index("expired"))
    # Expiry is recorded the next morning.
    ended = np.where(redeemed, purchase, np.floor(expires) + 1)
    return (
        _events("incentive", customer, time, channel=channel, outcome=_all(OUTCOMES.index("sent"), customer)),
        _events("incentive", customer, ended, channel=channel, outcome=end),
    )


def _usage(customers: Customers, history: History, truth: Truth, rng: np.random.Generator) -> Events:
    customer, time = _while_alive(customers.usage_rate, customers, history, truth, rng)
    channel = CHANNEL_NAMES.index("app") + (rng.random(len(customer)) < 0.4)
    return _events("usage", customer, time, channel=channel)


def _feedback(truth: Truth, customers: Customers, history: History, rng: np.random.Generator) -> Events:
    rate = np.full(len(customers.rate), truth.feedback_per_year / 365.25)
    customer, time = _while_alive(rate, customers, history, truth, rng)
    satisfaction = _ratings(truth, customers.satisfaction, customer, np.ones(len(customer), np.bool_), rng)
    loyalty = _ratings(truth, customers.loyalty, customer, rng.random(len(customer)) < 0.6, rng)
    channel = _all(CHANNEL_NAMES.index("web"), customer)
    return _events("feedback", customer, time, channel=channel, satisfaction=satisfaction, loyalty=loyalty)


def _while_alive(
    rate: Floats, customers: Customers, history: History, truth: Truth, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    begins = customers.first_purchase
    spans = np.minimum(history.alive_until, truth.days) - begins
    counts = rng.poisson(rate * np.maximum(spans, 0.0))
    customer = np.repeat(np.arange(len(rate)), counts)
    return customer, begins[customer] + rng.random(len(customer)) * spans[customer]


def _ratings(truth: Truth, level: Floats, customer: Ints, given: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    rating = level[customer] + RATING_NOISE * rng.standard_normal(len(customer))
    whole = np.round(np.clip(rating, 0.0, 1.0) * truth.rating_max)
    return np.where(given, np.minimum(whole, truth.rating_max), np.nan)


def next_purchase(purchases: TimedEvents, customer: Ints, time: Floats) -> Floats:
    """Return the time of the customer's first purchase after each time; infinity without one."""
    if not len(purchases.customer):
        return np.full(len(customer), np.inf)
    # One increasing key for customer and time; no history is as long as the stride.
    stride = 1e5
    position = np.searchsorted(purchases.customer * stride + purchases.time, customer * stride + time, side="right")
    following = np.minimum(position, len(purchases.customer) - 1)
    own = (position < len(purchases.customer)) & (purchases.customer[following] == customer)
    return np.where(own, purchases.time[following], np.inf)
