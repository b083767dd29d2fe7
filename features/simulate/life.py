"""What customers do and what is done to them, round by round: purchases, visits and incentives.

An action that lifts the rate adds a Poisson process of its own to the customer's (superposition); one
that does harm strikes purchases out (thinning). Both are exact, and dropout counts the purchases that
remain, in order.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.simulate.clock import OFFICE_HOURS, Clock, Floats
from features.simulate.customers import Customers
from features.simulate.truth import ROUND_DAYS, Action, Truth

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
_MEMORY = 0.5 ** (ROUND_DAYS / 90)  # those who choose visits recall purchases with a half-life of 90 days


class Deeds(NamedTuple):
    """Events of one kind: who (row of the customer), when (days since the start) and which.

    `which` is the channel of a visit or incentive as the truth lists them; of a purchase, 1 if an action
    induced it.
    """

    who: Ints
    when: Floats
    which: Ints

    def where(self, chosen: Flags | Ints) -> "Deeds":
        """Some of them, or all of them in another order."""
        return Deeds(self.who[chosen], self.when[chosen], self.which[chosen])


class Life(NamedTuple):
    """All purchases, by customer and time; visits and incentives; and until when each customer was alive."""

    purchases: Deeds
    visits: Deeds
    incentives: Deeds
    alive_until: Floats


class _Kind(NamedTuple):
    """Visits or incentives: what there is of them, who gets them by lot, what they do and for how long."""

    actions: tuple[Action, ...]
    at_random: Flags
    effects: Floats
    days: int


class _Harm(NamedTuple):
    """From when to when, and how likely, each customer forgoes a purchase."""

    begins: Floats
    ends: Floats
    loss: Floats


def live(truth: Truth, customers: Customers, clock: Clock, rng: np.random.Generator) -> Life:
    """The life of the customers over the whole rounds of the clock."""
    count = len(customers.rate)
    first = customers.first_purchase
    visiting = _Kind(truth.visits, customers.visits_at_random, customers.visit_effects, truth.visit_days)
    offering = _Kind(
        truth.incentives, customers.incentives_at_random, customers.incentive_effects, truth.incentive_days
    )
    workdays = np.flatnonzero((truth.start.weekday() + np.arange(ROUND_DAYS)) % 7 < 5)
    repeats_left = customers.repeats_in_life.copy()
    alive_until = np.where(repeats_left == 0, first, customers.leaves)
    recent, last = np.ones(count), first.copy()

    bought = [Deeds(np.arange(count), first, np.zeros(count, np.int64))]
    visits, incentives = [_none()], [_none()]
    later, harms = _none(), list[_Harm]()
    for start in range(0, len(clock.readings) - ROUND_DAYS, ROUND_DAYS):
        end = start + ROUND_DAYS
        known = first < start
        recent[known] *= _MEMORY
        bought_lately = (0.2 + recent) ** truth.visit_confounding
        stayed_away = np.clip(start - last, 1.0, 365.0) ** truth.incentive_confounding
        visits.append(_handed_out(visiting, known, bought_lately, start + workdays, rng))
        incentives.append(_handed_out(offering, known, stayed_away, start + workdays, rng))
        acting = ((visiting, visits[-1]), (offering, incentives[-1]))

        living = np.flatnonzero((first < end) & (alive_until > start))
        pool = [later, _unprompted(customers.rate, clock, first, living, start, rng)]
        pool += [_induced(customers.rate, clock, kind, deeds, rng) for kind, deeds in acting]
        pooled = _join(pool)
        later = pooled.where(pooled.when >= end)
        pooled = pooled.where((pooled.when < end) & (pooled.when < alive_until[pooled.who]))

        # Actions last at most a round, so only this round's and the last one's can still do harm.
        harms = harms[-2:] + [_harm(count, kind, deeds) for kind, deeds in acting if (kind.effects < 0).any()]
        for harm in harms:
            pooled = pooled.where(_spared(pooled, harm, rng))

        kept = _until_dropout(pooled, repeats_left, alive_until)
        bought.append(kept)
        recent += np.bincount(kept.who, minlength=count)
        last[kept.who] = kept.when
    purchases = _join(bought)
    purchases = purchases.where(np.lexsort((purchases.when, purchases.who)))
    return Life(purchases, _join(visits), _join(incentives), alive_until)


def _none() -> Deeds:
    return Deeds(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))


def _join(parts: list[Deeds]) -> Deeds:
    who, when, which = zip(*parts, strict=True)
    return Deeds(np.concatenate(who), np.concatenate(when), np.concatenate(which))


def _handed_out(kind: _Kind, known: Flags, weight: Floats, days: Ints, rng: np.random.Generator) -> Deeds:
    """A round's visits or incentives: the lot gives each the same chance, choice a chance by weight."""
    yearly = np.array([action.per_year for action in kind.actions])
    if not yearly.any() or not known.any():
        return _none()
    chooses = known & ~kind.at_random
    relative = np.where(kind.at_random, 1.0, weight / (weight[chooses].mean() if chooses.any() else 1.0))
    chance = known * relative * (yearly.sum() * ROUND_DAYS / 365.25)
    who = np.flatnonzero(rng.random(len(known)) < chance)
    which = np.searchsorted(np.cumsum(yearly)[:-1], rng.random(len(who)) * yearly.sum(), side="right")
    day = days[rng.integers(0, len(days), len(who))]
    return Deeds(who, day + rng.uniform(*OFFICE_HOURS, len(who)), which)


def _unprompted(rate: Floats, clock: Clock, first: Floats, living: Ints, start: int, rng: np.random.Generator) -> Deeds:
    begins = clock.at(np.maximum(first[living], start))
    ends = np.full(len(living), clock.readings[start + ROUND_DAYS])
    return _poisson(living, rate[living], clock, begins, ends, False, rng)


def _induced(rate: Floats, clock: Clock, kind: _Kind, deeds: Deeds, rng: np.random.Generator) -> Deeds:
    lifted = rate[deeds.who] * np.maximum(kind.effects[deeds.who, deeds.which], 0.0)
    begins, ends = clock.at(deeds.when), clock.at(deeds.when + kind.days)
    return _poisson(deeds.who, lifted, clock, begins, ends, True, rng)


def _poisson(
    who: Ints,
    rate: Floats,
    clock: Clock,
    begins: Floats,
    ends: Floats,
    induced: bool,
    rng: np.random.Generator,
) -> Deeds:
    """A Poisson process for each of `who`, steady at `rate` between two readings of the clock."""
    spans = ends - begins
    counts = rng.poisson(rate * spans)
    readings = np.repeat(begins, counts) + rng.random(counts.sum()) * np.repeat(spans, counts)
    return Deeds(np.repeat(who, counts), clock.day(readings), np.full(len(readings), int(induced)))


def _harm(count: int, kind: _Kind, deeds: Deeds) -> _Harm:
    harm = _Harm(np.full(count, np.inf), np.full(count, np.inf), np.zeros(count))
    harm.begins[deeds.who], harm.ends[deeds.who] = deeds.when, deeds.when + kind.days
    harm.loss[deeds.who] = np.maximum(-kind.effects[deeds.who, deeds.which], 0.0)
    return harm


def _spared(bought: Deeds, harm: _Harm, rng: np.random.Generator) -> Flags:
    acts = (harm.begins[bought.who] <= bought.when) & (bought.when < harm.ends[bought.who])
    return rng.random(len(acts)) >= acts * harm.loss[bought.who]


def _until_dropout(bought: Deeds, repeats_left: Floats, alive_until: Floats) -> Deeds:
    """The purchases up to each customer's last, in order; updates `repeats_left` and `alive_until`."""
    bought = bought.where(np.lexsort((bought.when, bought.who)))
    rank = np.arange(len(bought.who)) - np.searchsorted(bought.who, bought.who)
    left = repeats_left[bought.who] - rank
    ending = left == 1
    alive_until[bought.who[ending]] = bought.when[ending]
    kept = bought.where(left >= 1)
    repeats_left -= np.bincount(kept.who, minlength=len(repeats_left))
    return kept
