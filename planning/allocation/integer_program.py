"""The exact allocation of a small problem by HiGHS, the prices of its relaxation, and what makes it infeasible."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from planning.allocation.knapsack import NONE, Floats, Ints, Problem

COLUMNS = 20_000
"""Options up to which the whole problem goes to the solver."""
SMALL = 500
"""Options up to which the solver must close the gap."""
NODES = 4_000_000
"""Columns times nodes of the search tree; a limit of time would make the plan depend on the machine's load."""


@contextmanager
def clean_output() -> Iterator[None]:
    """Send what C code prints to standard output nowhere: HiGHS prints notes of its own, whatever `disp` says."""
    try:
        kept = os.dup(1)
    except OSError:  # standard output is closed
        yield
        return
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        if os.name == "posix":
            ctypes.CDLL(None).fflush(None)  # else the buffer of C would be written after the way back
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def constraints(problem: Problem) -> tuple[sparse.csr_array, Floats]:
    """Return all limits, and one option a customer, as rows of `matrix @ x <= right`."""
    shape = len(problem.start), len(problem.value)
    one = sparse.csr_array((np.ones(shape[1]), (problem.customer, np.arange(shape[1]))), shape=shape)
    return sparse.vstack([problem.by_limit, one], format="csr"), np.concatenate([problem.capacity, np.ones(shape[0])])


def relaxed_prices(problem: Problem) -> Floats | None:
    """Return the prices of the linear relaxation; None where nothing is within the limits, or the solver gives up."""
    matrix, right = constraints(problem)
    with clean_output():
        solution = optimize.linprog(-problem.value, A_ub=matrix, b_ub=right, bounds=(0, 1), method="highs-ds")
    if solution.status != 0:
        return None
    prices: Floats = np.maximum(-np.asarray(solution.ineqlin.marginals[: len(problem.capacity)]), 0.0)
    return prices


def solve_exactly(problem: Problem) -> tuple[Ints | None, float]:
    """Return the best choice that the solver finds, None where it finds none, and the bound that it proves.

    References
    ----------
    Huangfu, Hall (2018), "Parallelizing the dual revised simplex method"; SciPy's `milp` is HiGHS.
    """
    matrix, right = constraints(problem)
    columns = len(problem.value)
    with clean_output():
        solution: Any = optimize.milp(
            -problem.value,
            constraints=optimize.LinearConstraint(matrix, -np.inf, right),
            integrality=np.ones(columns),
            bounds=optimize.Bounds(0, 1),
            options={"mip_rel_gap": 0.0 if columns <= SMALL else 1e-4, "node_limit": NODES // columns},
        )
    bound = np.inf if solution.mip_dual_bound is None else -float(solution.mip_dual_bound)
    return None if solution.x is None else choice_of(problem, solution.x > 0.5), bound


def choice_of(problem: Problem, taken: NDArray[np.bool_]) -> Ints:
    """Return the choice of each customer from a flag for each option."""
    choice = np.full(len(problem.start), NONE)
    choice[problem.customer[taken]] = np.flatnonzero(taken)
    return choice


def shortfall(problem: Problem) -> Floats:
    """Return by how much the minimums, rows of a negative capacity, must be missed at least within the other limits.

    Each counts relative to its own size. Zeros where none must be missed, or the solver gives up.
    """
    matrix, right = constraints(problem)
    limits, columns = len(problem.capacity), len(problem.value)
    slack = sparse.csr_array((-np.ones(limits), (np.arange(limits), np.arange(limits))), shape=(len(right), limits))
    with clean_output():
        solution = optimize.milp(
            np.concatenate([np.zeros(columns), 1.0 / np.maximum(1.0, np.abs(problem.capacity))]),
            constraints=optimize.LinearConstraint(sparse.hstack([matrix, slack], format="csr"), -np.inf, right),
            integrality=np.concatenate([np.ones(columns), np.zeros(limits)]),
            bounds=optimize.Bounds(0, np.concatenate([np.ones(columns), np.where(problem.capacity < 0, np.inf, 0.0)])),
            options={"node_limit": max(1, NODES // columns)},
        )
    return np.zeros(limits) if solution.x is None else np.asarray(solution.x[columns:], float)
