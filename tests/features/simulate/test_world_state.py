"""A world's state begins with its customers and nothing done."""

import numpy as np

from features.simulate import Truth
from features.simulate.keyed_random import KeyedRandom
from features.simulate.population import draw_population
from features.simulate.seasonal_time import seasonal_clock
from features.simulate.world_state import Contacts, State


def test_actions_are_the_visits_then_the_incentives() -> None:
    """Parameters by action follow the order of `Truth.actions`, and levels stay within the scale."""
    truth, clock = Truth(visit_days=20, incentive_days=10), seasonal_clock(Truth(), 1_200)
    state = State(truth, clock, draw_population(truth, clock, 50, 1), KeyedRandom((1,)))
    assert state.acts_days(np.arange(7)).tolist() == [20.0] * 3 + [10.0] * 4
    assert state.of_actions("effect").tolist() == [0.5, 0.25, 0.1, 0.4, 0.3, 0.1, 0.2]
    state.level_changes[:, 0] = 5.0
    assert (state.levels(np.arange(50))[:, 0] == 1).all()


def test_contacts_are_chosen_as_rows() -> None:
    """Columns that are not given are null, and rows are chosen in all columns."""
    contacts = Contacts.of(np.array([3, 4]), np.array([1, 2]), np.array([0, 1]), goal=np.array([2, 3]))
    assert contacts.where(contacts.day == 2).goal.tolist() == [3]
    assert contacts.plan.tolist() == [-1, -1]
