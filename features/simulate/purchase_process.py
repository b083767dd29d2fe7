"""Simulates purchases, visits and incentives, one campaign period of 28 days after the other.

An action with a positive effect adds a Poisson process to the customer's own (superposition); one with a negative
effect removes purchases (thinning). Both are exact. Dropout counts the purchases that remain, in order.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.simulate.customers import Customers
from features.simulate.pauses import Pauses
from features.simulate.seasonal_time import OFFICE_HOURS, Clock, Floats
from features.simulate.truth import PERIOD_DAYS, Action, Truth

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
_MEMORY = 0.5 ** (PERIOD_DAYS / 90)  # sales staff recall purchases with a half-life of 90 days


class TimedEvents(NamedTuple):
    """Events of one type, as arrays of equal length.

    Attributes
    ----------
    customer : ndarray of int64
        Row of the customer.
    time : ndarray of float64
        Days since the start.
    code : ndarray of int64
        Of a visit or incentive, the position of its channel in the truth; of a purchase, 1 if an action induced it.
    """

    customer: Ints
    time: Floats
    code: Ints

    def where(self, chosen: Flags | Ints) -> "TimedEvents":
        """Return the chosen events, by a mask or by positions."""
        return TimedEvents(self.customer[chosen], self.time[chosen], self.code[chosen])


class History(NamedTuple):
    """All purchases, sorted by customer and time; visits; incentives; and the time each customer churns."""

    purchases: TimedEvents
    visits: TimedEvents
    incentives: TimedEvents
    alive_until: Floats


class _Program(NamedTuple):
    """The visits or the incentives: their actions, who gets them at random, effects by customer, days they act."""

    actions: tuple[Action, ...]
    at_random: Flags
    effects: Floats
    days: int


class _Suppression(NamedTuple):
    """The time span in which each customer forgoes a purchase with probability `loss`."""

    begins: Floats
    ends: Floats
    loss: Floats


def simulate_history(
    truth: Truth, customers: Customers, clock: Clock, rng: np.random.Generator, pauses: Pauses | None = None
) -> History:
    """Simulate the customers over the whole periods of the clock."""
    count = len(customers.rate)
    first = customers.first_purchase
    programs = (
        _Program(truth.visits, customers.visits_at_random, customers.visit_effects, truth.visit_days),
        _Program(truth.incentives, customers.incentives_at_random, customers.incentive_effects, truth.incentive_days),
    )
    workdays = np.flatnonzero((truth.start.weekday() + np.arange(PERIOD_DAYS)) % 7 < 5)
    repeats_left = customers.repeats_in_life.copy()
    alive_until = np.where(repeats_left == 0, first, customers.leaves)
    recent, last, phase = np.ones(count), first.copy(), np.zeros(count, np.int64)

    purchases = [TimedEvents(np.arange(count), first, np.zeros(count, np.int64))]
    visits, incentives = [_no_events()], [_no_events()]
    later, suppressions = _no_events(), list[_Suppression]()
    for start in range(0, len(clock.readings) - PERIOD_DAYS, PERIOD_DAYS):
        end = start + PERIOD_DAYS
        known = first < start
        recent[known] *= _MEMORY
        many_recent = (0.2 + recent) ** truth.visit_confounding
        long_inactive = np.clip(start - last, 1.0, 365.0) ** truth.incentive_confounding
        visits.append(_assign(programs[0], known, many_recent, start + workdays, rng))
        incentives.append(_assign(programs[1], known, long_inactive, start + workdays, rng))
        actions = tuple(zip(programs, (visits[-1], incentives[-1]), strict=True))

        living = np.flatnonzero((first < end) & (alive_until > start))
        own = _spontaneous(customers.rate * truth.gap_phases, clock, first, living, start, rng)
        if pauses is not None:
            own = own.where(~pauses.include(own.customer, own.time))
        if truth.gap_phases > 1:
            own = _last_phases(own, phase, truth.gap_phases)
        parts = [later, own]
        parts += [_induced(customers.rate, clock, program, events, rng) for program, events in actions]
        candidates = _join(parts)
        later = candidates.where(candidates.time >= end)
        candidates = candidates.where((candidates.time < end) & (candidates.time < alive_until[candidates.customer]))

        # Actions last at most a period, so only those of this period and the one before can still suppress purchases.
        suppressions = suppressions[-2:]
        suppressions += [
            _suppression(count, program, events) for program, events in actions if (program.effects < 0).any()
        ]
        for suppression in suppressions:
            candidates = candidates.where(_not_suppressed(candidates, suppression, rng))

        kept = _until_dropout(candidates, repeats_left, alive_until)
        purchases.append(kept)
        recent += np.bincount(kept.customer, minlength=count)
        last[kept.customer] = kept.time
    joined = _join(purchases)
    joined = joined.where(np.lexsort((joined.time, joined.customer)))
    return History(joined, _join(visits), _join(incentives), alive_until)


def _no_events() -> TimedEvents:
    return TimedEvents(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))


def _join(parts: list[TimedEvents]) -> TimedEvents:
    customer, time, code = zip(*parts, strict=True)
    return TimedEvents(np.concatenate(customer), np.concatenate(time), np.concatenate(code))


def _assign(program: _Program, known: Flags, weight: Floats, days: Ints, rng: np.random.Generator) -> TimedEvents:
    """Draw a period's visits or incentives: with equal chances in the random group, else in proportion to `weight`."""
    yearly = np.array([action.per_year for action in program.actions])
    if not yearly.any() or not known.any():
        return _no_events()
    selected = known & ~program.at_random
    relative = np.where(program.at_random, 1.0, weight / (weight[selected].mean() if selected.any() else 1.0))
    chance = known * relative * (yearly.sum() * PERIOD_DAYS / 365.25)
    customer = np.flatnonzero(rng.random(len(known)) < chance)
    code = np.searchsorted(np.cumsum(yearly)[:-1], rng.random(len(customer)) * yearly.sum(), side="right")
    day = days[rng.integers(0, len(days), len(customer))]
    return TimedEvents(customer, day + rng.uniform(*OFFICE_HOURS, len(customer)), code)


def _spontaneous(
    rate: Floats, clock: Clock, first: Floats, living: Ints, start: int, rng: np.random.Generator
) -> TimedEvents:
    begins = clock.at(np.maximum(first[living], start))
    ends = np.full(len(living), clock.readings[start + PERIOD_DAYS])
    return _poisson(living, rate[living], clock, begins, ends, False, rng)


def _last_phases(events: TimedEvents, phase: Ints, phases: int) -> TimedEvents:
    """Return each customer's every `phases`-th event, counted on from `phase`, which is updated."""
    events = events.where(np.lexsort((events.time, events.customer)))
    rank = np.arange(len(events.customer)) - np.searchsorted(events.customer, events.customer)
    kept = events.where((phase[events.customer] + rank) % phases == phases - 1)
    phase += np.bincount(events.customer, minlength=len(phase))
    phase %= phases
    return kept


def _induced(
    rate: Floats, clock: Clock, program: _Program, events: TimedEvents, rng: np.random.Generator
) -> TimedEvents:
    added = rate[events.customer] * np.maximum(program.effects[events.customer, events.code], 0.0)
    begins, ends = clock.at(events.time), clock.at(events.time + program.days)
    return _poisson(events.customer, added, clock, begins, ends, True, rng)


def _poisson(
    customer: Ints,
    rate: Floats,
    clock: Clock,
    begins: Floats,
    ends: Floats,
    induced: bool,
    rng: np.random.Generator,
) -> TimedEvents:
    """Draw a Poisson process for each row of `customer`, of constant rate between two readings of the clock."""
    spans = ends - begins
    counts = rng.poisson(rate * spans)
    readings = np.repeat(begins, counts) + rng.random(counts.sum()) * np.repeat(spans, counts)
    return TimedEvents(np.repeat(customer, counts), clock.day(readings), np.full(len(readings), int(induced)))


def _suppression(count: int, program: _Program, events: TimedEvents) -> _Suppression:
    suppression = _Suppression(np.full(count, np.inf), np.full(count, np.inf), np.zeros(count))
    suppression.begins[events.customer], suppression.ends[events.customer] = events.time, events.time + program.days
    suppression.loss[events.customer] = np.maximum(-program.effects[events.customer, events.code], 0.0)
    return suppression


def _not_suppressed(purchases: TimedEvents, suppression: _Suppression, rng: np.random.Generator) -> Flags:
    begins, ends, loss = (column[purchases.customer] for column in suppression)
    acts = (begins <= purchases.time) & (purchases.time < ends)
    return rng.random(len(acts)) >= acts * loss


def _until_dropout(purchases: TimedEvents, repeats_left: Floats, alive_until: Floats) -> TimedEvents:
    """Return the purchases up to each customer's last, in order; updates `repeats_left` and `alive_until`."""
    purchases = purchases.where(np.lexsort((purchases.time, purchases.customer)))
    rank = np.arange(len(purchases.customer)) - np.searchsorted(purchases.customer, purchases.customer)
    left = repeats_left[purchases.customer] - rank
    final = left == 1
    alive_until[purchases.customer[final]] = purchases.time[final]
    kept = purchases.where(left >= 1)
    repeats_left -= np.bincount(kept.customer, minlength=len(repeats_left))
    return kept
