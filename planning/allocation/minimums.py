"""Whether the minimums of an allocation can be reached; if not, the one that is short of most is named."""

import numpy as np

from features.errors import PlanError
from planning.allocation.integer_program import shortfall
from planning.allocation.knapsack import Ints, Problem


def check_attainable(problem: Problem, first: int, names: list[str]) -> None:
    """Raise PlanError for a minimum that all eligible customers together do not reach.

    Parameters
    ----------
    problem : Problem
    first : int
        The place of the first minimum among the limits; those before it are upper limits.
    names : list of str
        Of the minimums, for the message.
    """
    for number, name in enumerate(names, first):
        taken = -problem.usage[:, [number]].toarray()[:, 0]
        most = float(np.maximum.reduceat(taken, problem.start).sum()) if len(problem.start) else 0.0
        if most < -problem.capacity[number] - problem.tolerance[number]:
            raise PlanError(
                _too_high(name, -problem.capacity[number], most, "but all eligible customers together reach")
            )


def check_reached(problem: Problem, first: int, names: list[str], choice: Ints, exact: bool) -> None:
    """Raise PlanError for the minimum that is short of most, if a choice misses one or exceeds another limit for it.

    Parameters
    ----------
    problem, first, names
        As in `check_attainable`.
    choice : ndarray of int, shape (m,)
    exact : bool
        Whether the problem is small enough for the solver to say what is lacking at least.
    """
    over = problem.used(choice) - problem.capacity
    if (over <= problem.tolerance).all():
        return
    missed = over[first:]
    if exact:  # the least that is lacking names the limit better than what was found
        least = shortfall(problem)[first:]
        missed = np.where(least.any(), least, missed)
    if (missed <= problem.tolerance[first:]).all():
        listed = ", ".join(f"{name} ({-problem.capacity[number]:g})" for number, name in enumerate(names, first))
        raise PlanError(f"no plan was found within the limits that reaches the minimum of {listed}: lower it")
    wanted = -problem.capacity[first:]
    worst = int(np.argmax(missed / wanted))
    reached = float(wanted[worst] - missed[worst])
    raise PlanError(_too_high(names[worst], float(wanted[worst]), reached, "but within the other limits the most is"))


def _too_high(name: str, wanted: float, reached: float, what: str) -> str:
    return f"the minimum of {name} is {wanted:g}, {what} {reached:g}: lower it, or raise the limits that it meets"
