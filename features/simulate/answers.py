"""What follows from a life, as events: amounts, returns, outcomes, redemptions, ratings and usage."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.schema import (
    CHANNELS,
    EVENT_TYPES,
    INCENTIVE_CHANNELS,
    INCENTIVE_OUTCOMES,
    VISIT_OUTCOMES,
)
from features.simulate.clock import Floats
from features.simulate.customers import Customers
from features.simulate.life import Deeds, Ints, Life
from features.simulate.truth import Truth

CHANNEL_NAMES = ("shop", "online", "app", "web", *CHANNELS, *INCENTIVE_CHANNELS)
CONTENTS = ("needs", "satisfaction_survey", "loyalty_survey")
OUTCOMES = VISIT_OUTCOMES + INCENTIVE_OUTCOMES

Codes = NDArray[np.int8]

_GOAL_SHARES = (0.45, 0.25, 0.18, 0.12)
_NO_CONTACT = {"face_to_face": 0.05, "phone": 0.25, "email": 0.50}
_ORDERS_WITHIN = 7.0  # days after a visit in which a purchase may be put down to it
_RATING_NOISE = 0.08  # standard deviation of one rating, as a share of the maximum
_FULL_RETURN = 0.6


class Events(NamedTuple):
    """Events as codes into the tuples above (-1: null) and numbers (NaN: null), in no order."""

    who: Ints
    when: Floats
    event_type: Codes
    amount: Floats
    channel: Codes
    goal: Codes
    content: Codes
    outcome: Codes
    satisfaction: Floats
    loyalty: Floats


def events_of(truth: Truth, customers: Customers, life: Life, rng: np.random.Generator) -> Events:
    """All events of the customers in the `truth.days` of the log."""
    online_share = rng.beta(0.7, 0.7, len(customers.rate))
    purchases, returns = _trade(truth, customers, life.purchases, online_share, rng)
    parts = [purchases, returns, _visits(truth, customers, life, rng), *_incentives(truth, life, rng)]
    parts += [_usage(customers, life, truth, rng), _feedback(truth, customers, life, rng)]
    columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    in_log = Events(*columns).when < truth.days
    return Events(*[column[in_log] for column in columns])


def _events(event_type: str, who: Ints, when: Floats, **given: NDArray[np.generic]) -> Events:
    columns: list[Any] = []
    for name in Events._fields[3:]:
        number = name in ("amount", "satisfaction", "loyalty")
        kind: type[np.generic] = np.float64 if number else np.int8
        null = np.full(len(who), np.nan if number else -1, kind)
        columns.append(given[name].astype(kind, copy=False) if name in given else null)
    return Events(who, when, _all(EVENT_TYPES.index(event_type), who), *columns)


def _all(code: int, who: Ints) -> Codes:
    return np.full(len(who), code, np.int8)


def _trade(
    truth: Truth, customers: Customers, bought: Deeds, online_share: Floats, rng: np.random.Generator
) -> tuple[Events, Events]:
    scale = customers.mean_spend[bought.who] / truth.spend_p
    amount = np.maximum(np.round(rng.standard_gamma(truth.spend_p, len(bought.who)) * scale, 2), 0.01)
    channel = (rng.random(len(amount)) < online_share[bought.who]).astype(np.int8)

    returned = np.flatnonzero(rng.random(len(amount)) < truth.return_share)
    share = np.where(rng.random(len(returned)) < _FULL_RETURN, 1.0, rng.uniform(0.1, 0.9, len(returned)))
    back = np.maximum(np.round(amount[returned] * share, 2), 0.01)
    when = bought.when[returned] + 1 + rng.exponential(10.0, len(returned))
    return (
        _events("purchase", bought.who, bought.when, amount=amount, channel=channel),
        _events("return", bought.who[returned], when, amount=back, channel=channel[returned]),
    )


def _visits(truth: Truth, customers: Customers, life: Life, rng: np.random.Generator) -> Events:
    who, when, which = life.visits
    channels = np.array([CHANNEL_NAMES.index(action.channel) for action in truth.visits], np.int8)
    misses = np.array([_NO_CONTACT[action.channel] for action in truth.visits])
    goal = np.searchsorted(np.cumsum(_GOAL_SHARES)[:-1], rng.random(len(who)), side="right")
    # Purchase goals go with the needs, the other two with their surveys.
    content = np.maximum(goal - 1, 0)

    dead = when >= life.alive_until[who]
    level = customers.satisfaction[who]
    miss = np.where(dead, 0.3, 0.0) + misses[which]
    refuse = (1 - miss) * np.where(dead, 0.5, 0.05 + 0.3 * (1 - level))
    interest = (1 - miss - refuse) * np.where(dead, 0.05, 0.2 + 0.5 * level)
    lot = rng.random(len(who))
    names = ("no_contact", "refused", "interested", "neutral")
    met = (lot >= miss).astype(np.int8) + (lot >= miss + refuse) + (lot >= miss + refuse + interest)
    outcome = np.array([OUTCOMES.index(name) for name in names], np.int8)[met]
    buys = _next_purchase(life.purchases, who, when) < when + _ORDERS_WITHIN
    outcome[buys & (rng.random(len(who)) < 0.8)] = OUTCOMES.index("ordered")

    answers = (outcome != OUTCOMES.index("no_contact")) & (outcome != OUTCOMES.index("refused"))
    both = rng.random(len(who)) < 0.3
    surveys = (content > 0) & answers
    satisfaction = _ratings(truth, customers.satisfaction, who, surveys & (both | (content == 1)), rng)
    loyalty = _ratings(truth, customers.loyalty, who, surveys & (both | (content == 2)), rng)
    return _events(
        "visit", who, when, channel=channels[which], goal=goal, content=content, outcome=outcome,
        satisfaction=satisfaction, loyalty=loyalty,
    )  # fmt: skip


def _incentives(truth: Truth, life: Life, rng: np.random.Generator) -> tuple[Events, Events]:
    who, when, which = life.incentives
    channels = np.array([CHANNEL_NAMES.index(action.channel) for action in truth.incentives], np.int8)
    channel = channels[which]
    expires = when + truth.incentive_days
    purchase = _next_purchase(life.purchases, who, when)
    redeemed = (purchase < expires) & (rng.random(len(who)) < truth.redemption_share)
    end = np.where(redeemed, OUTCOMES.index("redeemed"), OUTCOMES.index("expired"))
    # What has run out is booked the next morning.
    ended = np.where(redeemed, purchase, np.floor(expires) + 1)
    return (
        _events("incentive", who, when, channel=channel, outcome=_all(OUTCOMES.index("sent"), who)),
        _events("incentive", who, ended, channel=channel, outcome=end),
    )


def _usage(customers: Customers, life: Life, truth: Truth, rng: np.random.Generator) -> Events:
    who, when = _while_alive(customers.usage_rate, customers, life, truth, rng)
    channel = CHANNEL_NAMES.index("app") + (rng.random(len(who)) < 0.4)
    return _events("usage", who, when, channel=channel)


def _feedback(truth: Truth, customers: Customers, life: Life, rng: np.random.Generator) -> Events:
    rate = np.full(len(customers.rate), truth.feedback_per_year / 365.25)
    who, when = _while_alive(rate, customers, life, truth, rng)
    satisfaction = _ratings(truth, customers.satisfaction, who, np.ones(len(who), np.bool_), rng)
    loyalty = _ratings(truth, customers.loyalty, who, rng.random(len(who)) < 0.6, rng)
    channel = _all(CHANNEL_NAMES.index("web"), who)
    return _events("feedback", who, when, channel=channel, satisfaction=satisfaction, loyalty=loyalty)


def _while_alive(
    rate: Floats, customers: Customers, life: Life, truth: Truth, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    begins = customers.first_purchase
    spans = np.minimum(life.alive_until, truth.days) - begins
    counts = rng.poisson(rate * np.maximum(spans, 0.0))
    who = np.repeat(np.arange(len(rate)), counts)
    return who, begins[who] + rng.random(len(who)) * spans[who]


def _ratings(truth: Truth, level: Floats, who: Ints, given: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    rating = level[who] + _RATING_NOISE * rng.standard_normal(len(who))
    whole = np.round(np.clip(rating, 0.0, 1.0) * truth.rating_max)
    return np.where(given, np.minimum(whole, truth.rating_max), np.nan)


def _next_purchase(purchases: Deeds, who: Ints, when: Floats) -> Floats:
    """The time of the customer's first purchase after each of these moments; infinity without one."""
    # One increasing key for customer and time; a life is far shorter than the stride.
    stride = 1e5
    place = np.searchsorted(purchases.who * stride + purchases.when, who * stride + when, side="right")
    following = np.minimum(place, len(purchases.who) - 1)
    own = (place < len(purchases.who)) & (purchases.who[following] == who)
    return np.where(own, purchases.when[following], np.inf)
