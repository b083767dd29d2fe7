"""What a world remembers from one day to the next."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.simulate.keyed_random import KeyedRandom
from features.simulate.population import Population
from features.simulate.seasonal_time import Clock, Floats
from features.simulate.truth import PERIOD_DAYS, Action, Truth
from features.simulate.world_log import EventBuffer
from features.simulate.world_rows import Rows

Ints = NDArray[np.int64]


class Contacts(NamedTuple):
    """Visits and incentives that are to be made, as arrays of equal length; codes are -1 for null.

    Attributes
    ----------
    customer, day : ndarray of int
    action : ndarray of int
        Position in `Truth.actions`.
    goal, content, plan_item : ndarray of int
        Codes of the event buffer.
    plan : ndarray of int
        Row of the plan in the records; -1 for a campaign's contact.
    in_time : ndarray of int
        0 where the rep has no minutes left.
    """

    customer: Ints
    day: Ints
    action: Ints
    goal: Ints
    content: Ints
    plan_item: Ints
    plan: Ints
    in_time: Ints

    def where(self, chosen: NDArray[Any]) -> "Contacts":
        """Return the chosen contacts, by a mask or by positions."""
        return Contacts(*[column[chosen] for column in self])

    @classmethod
    def of(cls, customer: Ints, day: Ints, action: Ints, **codes: Ints) -> "Contacts":
        """Return contacts whose other codes are null unless given."""
        rest = [codes.get(name, np.full(len(customer), -1)) for name in cls._fields[3:]]
        return cls(customer, day, action, *rest)


class State:
    """The customers' state: life, purchases to come, effects that act, and what was counted so far."""

    def __init__(self, truth: Truth, clock: Clock, population: Population, chances: KeyedRandom) -> None:
        drawn, count = population.customers, len(population.rep)
        self.truth, self.clock, self.population, self.chances = truth, clock, population, chances
        self.count = count
        self.events = EventBuffer()
        self.events.types += [one.type for one in truth.own_events if one.type not in self.events.types]
        self.repeats_left = drawn.repeats_in_life.copy()
        self.alive_until = np.where(self.repeats_left == 0, drawn.first_purchase, drawn.leaves)
        self.recent, self.last = np.ones(count), drawn.first_purchase.copy()
        # Purchases to come: spontaneous ones, drawn up to `drawn_until`, sorted by customer and time; induced ones.
        self.drawn_until = 0
        self.spontaneous: Rows = {}
        self.induced: list[Rows] = []
        # Effects that act: rows (customer, begins, ends, share) that suppress purchases; the latest lifts.
        self.suppressions: list[Rows] = []
        self.spend_until, self.spend_lift = np.zeros(count), np.zeros(count)
        self.retained_until, self.retention = np.zeros(count), np.zeros(count)
        self.level_changes = np.zeros((count, 2))  # of satisfaction and loyalty, as shares of the maximum
        self.offers: Rows = {}
        self.contacts_by_day = np.zeros((PERIOD_DAYS, count), np.int16)  # of the last 28 days
        self.scheduled = Contacts.of(*[np.empty(0, np.int64)] * 3)
        self.purchases, self.spend, self.induced_purchases = np.zeros(count), np.zeros(count), np.zeros(count)
        self.decisions: list[Rows] = []
        self.records: list[Rows] = []

    def acts_days(self, action: Ints) -> Floats:
        """Return how long each action acts, in days."""
        is_visit = action < len(self.truth.visits)
        return np.where(is_visit, float(self.truth.visit_days), float(self.truth.incentive_days))

    def of_actions(self, name: str) -> Floats:
        """Return a parameter of all actions as an array."""
        actions: tuple[Action, ...] = self.truth.actions
        return np.array([getattr(action, name) for action in actions], np.float64)

    def levels(self, customer: Ints) -> Floats:
        """Return satisfaction and loyalty of customers now, as shares of the maximum, shape (customers, 2)."""
        drawn = self.population.customers
        level = np.column_stack([drawn.satisfaction[customer], drawn.loyalty[customer]])
        return np.clip(level + self.level_changes[customer], 0.0, 1.0)
