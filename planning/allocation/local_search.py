"""Improves a plan within its limits by pairs of moves: one customer gives up what another can use better."""

import numpy as np

from planning.allocation.knapsack import NONE, Floats, Ints, Problem

MOVES = 250
"""Moves of the customers of one limit that are paired."""
LONGEST = 24
"""Pairs made for one limit in one pass."""
PASSES = 2


def exchange_pairs(problem: Problem, prices: Floats, choice: Ints) -> Ints:
    """Return the choice with pairs of moves that together fit and gain value, for one limit after the other.

    What a plan lacks of the bound is what its moves lose at the prices plus what its unused capacity is worth there.
    So only limits with unused capacity can gain, and only through moves that lose less than that.

    Parameters
    ----------
    problem : Problem
    prices : ndarray of float, shape (k,)
    choice : ndarray of int, shape (m,)
        Within the limits.
    """
    choice = choice.copy()
    reduced = np.append(problem.reduced(prices), 0.0)
    free = problem.capacity - problem.used(choice)
    for _ in range(PASSES):
        unused = prices * free
        exchanges = 0
        for limit in np.argsort(-unused, kind="stable"):
            if unused[limit] <= 1e-6 * max(1.0, float(np.abs(unused).sum())):
                break
            exchanges += _exchange(problem, prices, choice, reduced, free, int(limit))
        if not exchanges:
            break
    return choice


def _exchange(problem: Problem, prices: Floats, choice: Ints, reduced: Floats, free: Floats, limit: int) -> int:
    """Make the best pairs of moves of the customers of one limit; change `choice` and `free`, return how many."""
    entries = slice(problem.by_limit.indptr[limit], problem.by_limit.indptr[limit + 1])
    takes = np.zeros(len(problem.value) + 1)  # the last is that of no option
    takes[problem.by_limit.indices[entries]] = problem.by_limit.data[entries]
    touched = np.unique(problem.customer[problem.by_limit.indices[entries]])
    ends = np.append(problem.start, len(problem.value))
    counts = ends[touched + 1] - ends[touched]
    options = np.repeat(ends[touched] - np.concatenate(([0], counts.cumsum()[:-1])), counts) + np.arange(counts.sum())
    customer = np.concatenate([np.repeat(touched, counts), touched])
    option = np.concatenate([options, np.full(len(touched), NONE)])
    for number in range(LONGEST):
        lost = reduced[choice[customer]] - reduced[option]
        matters = takes[option] != takes[choice[customer]]
        most = float(prices @ np.maximum(free, 0.0)) - min(0.0, float(lost.min(initial=0.0, where=matters)))
        near = np.flatnonzero(matters & (lost < most))
        near = near[np.argsort(lost[near], kind="stable")][:MOVES]
        if len(near) < 2 or not (best := _best_pair(problem, choice, customer[near], option[near], free)):
            return number
        for each in best:
            move = near[each]
            free += _usage(problem, choice[customer[[move]]])[0] - _usage(problem, option[[move]])[0]
            choice[customer[move]] = option[move]
    return LONGEST


def _best_pair(problem: Problem, choice: Ints, customer: Ints, option: Ints, free: Floats) -> tuple[int, int] | None:
    """Return the two moves, of different customers, that fit together and gain most; a move may pair with none."""
    values = np.append(problem.value, 0.0)
    gain = values[option] - values[choice[customer]]
    change = _usage(problem, option) - _usage(problem, choice[customer])
    used = np.flatnonzero(change.any(axis=0))
    change, room = change[:, used], free[used] + problem.tolerance[used]
    fits = customer[:, None] != customer[None, :]
    together = gain[:, None] + gain[None, :]
    for each in range(len(used)):
        fits &= change[:, None, each] + change[None, :, each] <= room[each]
    together[~fits] = -np.inf
    best = int(together.argmax())
    first, second = divmod(best, len(gain))
    return (first, second) if together[first, second] > 1e-9 * max(1.0, float(np.abs(gain).max())) else None


def _usage(problem: Problem, options: Ints) -> Floats:
    """Return what options take from each limit, as rows; `NONE` takes nothing."""
    rows: Floats = problem.usage[np.maximum(options, 0)].toarray()
    rows *= (options != NONE)[:, None]
    return rows
