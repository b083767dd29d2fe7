"""The solver's choice, the prices of the relaxation, and what a problem lacks to be feasible."""

import ctypes

import numpy as np
import pytest
from scipy import optimize, sparse

from planning.allocation.integer_program import clean_output, relaxed_prices, shortfall, solve_exactly
from planning.allocation.knapsack import NONE, Problem


def problem(*capacity: float) -> Problem:
    """The first customer: a visit, 60 minutes for 8, or a call, 15 for 5; the second: a call for 4."""
    usage = np.array([[60.0, -60.0], [15.0, -15.0], [15.0, -15.0]])[:, : len(capacity)]
    return Problem(
        np.array([8.0, 5.0, 4.0]), np.array([0, 2]), sparse.csr_array(usage), np.array(capacity), np.array([3, 4])
    )


def test_two_calls_are_better_than_a_visit() -> None:
    """60 minutes: both calls, 9 in all, though the visit alone is worth most; 30 more would pay for the visit."""
    choice, bound = solve_exactly(problem(60.0))
    assert choice is not None
    assert choice.tolist() == [1, 2]
    assert bound == pytest.approx(9.0)
    choice, _ = solve_exactly(problem(10.0))
    assert choice is not None
    assert choice.tolist() == [NONE, NONE]


def test_the_price_is_the_slope_of_the_relaxation() -> None:
    """From both calls to the visit and a call: 3 more for 45 minutes."""
    prices = relaxed_prices(problem(60.0))
    assert prices is not None
    assert prices == pytest.approx([3 / 45])
    unlimited = relaxed_prices(problem(1000.0))
    assert unlimited is not None
    assert unlimited.tolist() == [0.0]


def test_what_contradicts_itself_has_no_prices_but_a_shortfall() -> None:
    """At most 30 minutes and at least 70: 40 are lacking."""
    contradiction = problem(30.0, -70.0)
    assert relaxed_prices(contradiction) is None
    assert solve_exactly(contradiction)[0] is None
    assert shortfall(contradiction).sum() == pytest.approx(40.0)
    assert shortfall(problem(60.0)).tolist() == [0.0]


def test_nothing_stands_on_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    """What C code prints within is gone, what is printed before and after is there."""
    print("before")
    with clean_output():
        ctypes.CDLL(None).printf(b"a note of the solver\n")
    print("after")
    assert capfd.readouterr().out == "before\nafter\n"


def test_a_solver_that_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a solution there are no prices, no choice and no shortfall, and no bound that it did not prove."""
    gave_up = optimize.OptimizeResult(status=4, x=None, mip_dual_bound=None)
    monkeypatch.setattr(optimize, "linprog", lambda *_, **__: gave_up)
    monkeypatch.setattr(optimize, "milp", lambda *_, **__: gave_up)
    assert relaxed_prices(problem(60.0)) is None
    assert solve_exactly(problem(60.0)) == (None, np.inf)
    assert shortfall(problem(60.0)).tolist() == [0.0]
