"""The true expectations of customers whose purchases have phases and pauses, by their state at a cutoff.

A living customer is in one of `gap_phases` phases, active or paused. Active ones move to the next phase at the rate
`gap_phases` times the purchase rate, and the last phase ends with a purchase (Erlang gaps). This is a Markov chain; its
forward equations are integrated in steps of a part of a day.
"""

from math import lgamma
from typing import NamedTuple

import numpy as np
import pandas as pd

from features.simulate.pauses import Pauses, read_pauses
from features.simulate.seasonal_time import Clock, Floats
from features.simulate.truth import Truth

STEPS = 12
"""Steps of the integration in a day, by the classical Runge-Kutta method."""


class Living(NamedTuple):
    """The living customers at a cutoff: purchase rate a day, dropout after a purchase and a day, each of shape (n,)."""

    rate: Floats
    dropout_probability: Floats
    dropout_rate: Floats


class Expectations(NamedTuple):
    """Of each customer: days with a purchase, P(no purchase) and purchases, each of shape (n,)."""

    days: Floats
    none: Floats
    purchases: Floats


def state_at(truth: Truth, table: pd.DataFrame, clock: Clock, start: float, last_purchase: Floats) -> Floats:
    """Return the chance of each state of living customers, given their pauses and their last purchase before `start`.

    Parameters
    ----------
    truth : Truth
    table : DataFrame
        Of the living customers, with `rate` and, if they pause, `pauses`.
    clock : Clock
    start : float
        The cutoff, in days since the start of the simulation.
    last_purchase : ndarray of float64, shape (n,)
        In days; read only if there are several phases.

    Returns
    -------
    ndarray of float64, shape (n, 2, phases)
        Active customers first, then paused ones; each customer's sum is 1.
    """
    count, phases = len(table), truth.gap_phases
    pauses = read_pauses(truth, table["pauses"]) if truth.pause_days else Pauses(*np.full((2, count, 0), np.inf))
    paused = ((pauses.begins <= start) & (start < pauses.ends)).any(axis=1)
    share = np.ones((count, 1))
    if phases > 1:
        from_last = [np.clip(side, last_purchase[:, None], start) for side in pauses]
        lost = (clock.at(from_last[1]) - clock.at(from_last[0])).sum(axis=1)
        active = clock.at(np.full(count, start)) - clock.at(last_purchase) - lost
        # The phases that passed without a purchase are Poisson, known to be fewer than a gap has.
        passed = np.maximum(phases * table["rate"].to_numpy() * active, 1e-300)[:, None]
        likelihood = np.arange(phases) * np.log(passed) - [lgamma(phase + 1) for phase in range(phases)]
        share = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
    states = np.zeros((count, 2, phases))
    states[np.arange(count), paused.astype(int)] = share
    return states


def expectations_from(truth: Truth, living: Living, states: Floats, weights: Floats, lengths: Floats) -> Expectations:
    """Return what is expected of customers in the days of a horizon.

    Parameters
    ----------
    truth : Truth
    living : Living
    states : ndarray of float64, shape (n, 2, phases)
        See `state_at`.
    weights, lengths : ndarray of float64, shape (days,)
        The seasonal time and the length of each day; the first and the last may be parts of a day.
    """
    phases, count = truth.gap_phases, len(living.rate)
    to_pause = 1 / truth.active_days if truth.pause_days else 0.0
    to_active = 1 / truth.pause_days if truth.pause_days else 0.0

    def change(v: Floats, pace: Floats, again: Floats) -> tuple[Floats, Floats]:
        """Return the rates of change and of purchases; `again`: the share that lives on and stays in the table."""
        moved = v[:, 0] * pace[:, None]
        purchases = moved[:, -1]
        out = np.zeros_like(v)
        out[:, 0] = -moved - to_pause * v[:, 0] + to_active * v[:, 1]
        out[:, 0, 1:] += moved[:, :-1]
        out[:, 0, 0] += again * purchases
        out[:, 1] = to_pause * v[:, 0] - to_active * v[:, 1]
        return out - living.dropout_rate[:, None, None] * v, purchases

    def advance(v: Floats, pace: Floats, again: Floats, length: float) -> tuple[Floats, Floats]:
        step, bought = length / STEPS, np.zeros(count)
        for _ in range(STEPS):
            k1, p1 = change(v, pace, again)
            k2, p2 = change(v + step / 2 * k1, pace, again)
            k3, p3 = change(v + step / 2 * k2, pace, again)
            k4, p4 = change(v + step * k3, pace, again)
            v = v + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            bought += step / 6 * (p1 + 2 * p2 + 2 * p3 + p4)
        return v, bought

    nobody, survive = np.zeros(count), 1 - living.dropout_probability
    silent, bought_any = states, np.zeros(count)
    days, purchases = np.zeros(count), np.zeros(count)
    for weight, length in zip(weights, lengths, strict=True):
        pace = phases * living.rate * weight / length
        days += advance(states, pace, nobody, length)[1]  # the first purchase of the day alone
        states, bought = advance(states, pace, survive, length)
        silent, first = advance(silent, pace, nobody, length)
        purchases += bought
        bought_any += first
    return Expectations(days, 1 - bought_any, purchases)
