"""From prices to a plan within the limits: round, move customers out of exceeded limits, fill what is left."""

from typing import NamedTuple

import numpy as np

from planning.allocation.knapsack import NONE, Floats, Ints, Problem
from planning.splitmix import splitmix64, uniform

CANDIDATES = 50_000
"""Moves that are tried in one pass of filling."""
PASSES = 4


class Moves(NamedTuple):
    """Changes of one customer's choice each, the most promising first."""

    customer: Ints
    option: Ints


def round_choice(problem: Problem, prices: Floats, temperature: float, seed: int) -> Ints:
    """Return a choice in which each option has its softmax share at these prices, on average.

    Customers who are worth the same are ordered by a hash, so the limits are about used up but not exactly.

    References
    ----------
    Gumbel (1954), "Statistical theory of extreme values": the maximum of scores with his noise has softmax shares.
    """
    noise = -np.log(-np.log(uniform(problem.hashes(seed))))
    none = -np.log(-np.log(uniform(splitmix64(seed, problem.code, np.array([NONE])))))
    return problem.best(problem.reduced(prices) + temperature * noise, temperature * none)


def repair(problem: Problem, prices: Floats, choice: Ints) -> Ints:
    """Return the choice with customers moved until no limit is exceeded that moves can help.

    Each exceeded limit in turn takes the moves that lose least value at the prices for what they free, and none that
    exceeds another limit. Without lower bounds no limit stays exceeded.
    """
    choice = choice.copy()
    reduced = problem.reduced(prices)
    for _ in range(PASSES):
        over = problem.used(choice) - problem.capacity
        exceeded = np.flatnonzero(over > problem.tolerance)
        if not len(exceeded):
            break
        for limit in exceeded[np.argsort(-over[exceeded] / np.maximum(1.0, np.abs(problem.capacity[exceeded])))]:
            _apply(problem, choice, _relieving(problem, reduced, choice, limit), limit)
    return choice


def fill(problem: Problem, prices: Floats, choice: Ints) -> Ints:
    """Return the choice with moves to options of more value as long as they fit, most value at the prices first."""
    choice = choice.copy()
    reduced = problem.reduced(prices)
    values, worths = np.append(problem.value, 0.0), np.append(reduced, 0.0)  # the last is that of no option
    for _ in range(PASSES):
        gain = problem.value - values[choice[problem.customer]]
        promising = np.flatnonzero(gain > 0)
        merit = reduced[promising] - worths[choice[problem.customer[promising]]]
        if len(promising) > CANDIDATES:
            nearest = np.argpartition(-merit, CANDIDATES)[:CANDIDATES]
            promising, merit = promising[nearest], merit[nearest]
        promising = promising[np.argsort(-merit, kind="stable")]
        moves = Moves(problem.customer[promising], promising)
        if not _apply(problem, choice, moves, None):
            break
    return choice


def _relieving(problem: Problem, reduced: Floats, choice: Ints, limit: int) -> Moves:
    """Return the moves that take less from a limit, those first that lose least for what they free."""
    row = slice(problem.by_limit.indptr[limit], problem.by_limit.indptr[limit + 1])
    takes = np.zeros(len(problem.value) + 1)  # the last is that of no option
    takes[problem.by_limit.indices[row]] = problem.by_limit.data[row]
    touched = np.zeros(len(problem.start), bool)
    touched[problem.customer[problem.by_limit.indices[row]]] = True
    options = np.flatnonzero(touched[problem.customer])
    leaving = np.flatnonzero(touched & (choice != NONE))
    customer = np.concatenate([problem.customer[options], leaving])
    option = np.concatenate([options, np.full(len(leaving), NONE)])
    freed = takes[choice[customer]] - takes[option]
    helps = freed > 0
    customer, option, freed = customer[helps], option[helps], freed[helps]
    worth = np.append(reduced, 0.0)
    lost = (worth[choice[customer]] - worth[option]) / freed
    order = np.argsort(lost, kind="stable")
    return Moves(customer[order], option[order])


def _apply(problem: Problem, choice: Ints, moves: Moves, limit: int | None) -> int:
    """Make the moves that exceed no limit further, until `limit` is no longer exceeded; return how many were made."""
    usage, capacity = problem.usage, problem.capacity + problem.tolerance
    free = capacity - problem.used(choice)
    moved: set[int] = set()
    if limit is None:  # most moves do not fit: leave those out at once
        moves = _fitting(problem, choice, moves, free)
    for customer, option in zip(moves.customer.tolist(), moves.option.tolist(), strict=True):
        if limit is not None and free[limit] >= 0:
            break
        if customer in moved:
            continue
        change: dict[int, float] = {}
        for each, sign in ((choice[customer], -1.0), (option, 1.0)):
            if each != NONE:
                entries = slice(usage.indptr[each], usage.indptr[each + 1])
                for index, amount in zip(usage.indices[entries].tolist(), usage.data[entries].tolist(), strict=True):
                    change[index] = change.get(index, 0.0) + sign * amount
        if all(more <= 0 or more <= free[index] for index, more in change.items()):
            for index, more in change.items():
                free[index] -= more
            choice[customer] = option
            moved.add(customer)
    return len(moved)


def _fitting(problem: Problem, choice: Ints, moves: Moves, free: Floats) -> Moves:
    """Return the moves that would fit if each were the only one."""
    old = choice[moves.customer]
    freed = problem.usage[np.maximum(old, 0)]
    freed.data *= np.repeat(old != NONE, np.diff(freed.indptr))
    change = problem.usage[moves.option] - freed
    exceeds = (change.data > 0) & (change.data > free[change.indices])
    row = np.repeat(np.arange(len(old)), np.diff(change.indptr))
    fits = np.bincount(row[exceeds], minlength=len(old)) == 0
    return Moves(moves.customer[fits], moves.option[fits])
