"""The allocation never exceeds a limit, is equal to brute force on small plans, and proves its gap on large ones."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, sparse

import planning.allocation.allocate
from features.errors import PlanError
from planning.allocation.allocate import Allocation, allocate

Instance = tuple[pd.DataFrame, sparse.csr_array, NDArray[np.float64]]


@st.composite
def instances(draw: st.DrawFn, most_customers: int = 6, most_actions: int = 3) -> Instance:
    """A small problem: up to three limits, values of both signs and with ties, options that use nothing."""
    counts = draw(st.lists(st.integers(1, most_actions), min_size=1, max_size=most_customers))
    customer = np.repeat(np.arange(len(counts)), counts)
    limits = draw(st.integers(1, 3))
    numbers = st.integers(-3, 12) | st.floats(-5, 20, allow_subnormal=False).map(lambda x: round(x, 3))
    value = np.array(draw(st.lists(numbers, min_size=len(customer), max_size=len(customer))), float)
    amounts = st.lists(st.integers(0, 5), min_size=limits, max_size=limits)
    usage = np.array(draw(st.lists(amounts, min_size=len(customer), max_size=len(customer))), float)
    capacity = np.array(draw(st.lists(st.integers(0, 12), min_size=limits, max_size=limits)), float)
    return pd.DataFrame({"customer": customer, "value": value}), sparse.csr_array(usage), capacity


def brute_force(instance: Instance, minimum: NDArray[np.float64] | None = None) -> float:
    """The best value of all plans within the limits, minus infinity where there is none."""
    options, usage, capacity = instance
    rows = [[None, *np.flatnonzero(options["customer"] == each)] for each in options["customer"].unique()]
    best, dense = -np.inf, usage.toarray()
    for plan in product(*rows):
        taken = [row for row in plan if row is not None]
        used = dense[taken].sum(axis=0)
        if (used <= capacity).all() and (minimum is None or (used >= minimum).all()):
            best = max(best, float(options["value"].to_numpy()[taken].sum()))
    return best


def check(instance: Instance, found: Allocation) -> None:
    """What is true of every allocation."""
    options, usage, capacity = instance
    used = usage[np.flatnonzero(found.chosen)].sum(axis=0)
    assert (used <= capacity + 1e-6).all()
    assert not options["customer"][found.chosen].duplicated().any()
    assert found.value == pytest.approx(float(options["value"][found.chosen].sum()))
    assert found.value <= found.bound
    assert (found.prices >= 0).all()
    # what is left over at its price is never more than the plan lacks of the bound that these prices prove
    best = options["value"] - usage @ found.prices
    proven = best.groupby(options["customer"]).max().clip(lower=0).sum() + found.prices @ capacity
    assert found.prices @ (capacity - used) <= proven - found.value + 1e-6 * max(1.0, proven)


@given(instances())
def test_a_small_plan_is_that_of_brute_force(instance: Instance) -> None:
    """Six customers and three actions: the value of trying everything, and no option of a negative value."""
    found = allocate(*instance)
    check(instance, found)
    assert found.value == pytest.approx(brute_force(instance), abs=1e-9)
    assert found.gap <= 1e-9
    assert (instance[0]["value"][found.chosen] > 0).all()


@given(instances(), st.integers(0, 2), st.integers(1, 9))
def test_a_minimum_is_reached_or_named(instance: Instance, row: int, wanted: int) -> None:
    """With a minimum the value is that of brute force; where nothing reaches it, the message names the limit."""
    limits = len(instance[2])
    minimum = np.zeros(limits)
    minimum[row % limits] = wanted
    names = tuple(f"pool {number}" for number in range(limits))
    best = brute_force(instance, minimum)
    if best == -np.inf:
        with pytest.raises(PlanError, match=f"the minimum of pool {row % limits} is {wanted}"):
            allocate(*instance, minimum=minimum, limit_names=names)
    else:
        found = allocate(*instance, minimum=minimum, limit_names=names)
        assert found.value == pytest.approx(best, abs=1e-9)
        assert (instance[1][np.flatnonzero(found.chosen)].sum(axis=0) >= minimum - 1e-6).all()


@given(instances(), st.integers(0, 2), st.integers(1, 6))
def test_a_raised_limit_never_lowers_the_value(instance: Instance, row: int, more: int) -> None:
    """More of one limit, the rest as it was."""
    options, usage, capacity = instance
    raised = capacity.copy()
    raised[row % len(capacity)] += more
    assert allocate(options, usage, raised).value >= allocate(options, usage, capacity).value - 1e-9


@settings(max_examples=25)
@given(instances(most_customers=12, most_actions=4), st.integers(0, 5))
def test_prices_alone_keep_the_limits_too(instance: Instance, seed: int) -> None:
    """The way of large problems, on small ones: within the limits, and below its bound, which is above brute force."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning.allocation.allocate, "COLUMNS", 0)
        found = allocate(*instance, seed=seed)
    check(instance, found)
    assert found.value <= allocate(*instance).value + 1e-9 <= found.bound + 1e-6


@given(instances(), st.randoms())
def test_row_order_changes_no_value(instance: Instance, random: object) -> None:
    """The same options in another order give the same value."""
    options, usage, capacity = instance
    order = list(range(len(options)))
    random.shuffle(order)  # type: ignore[attr-defined]
    again = allocate(options.iloc[order].reset_index(drop=True), usage[order], capacity)
    assert again.value == pytest.approx(allocate(*instance).value)


def random_base(customers: int, seed: int, ties: bool = False) -> Instance:
    """Customers with up to five actions: minutes of two reps, a number of calls and a budget, all scarce."""
    rng = np.random.default_rng(seed)
    customer = np.repeat(np.arange(customers), 5)
    action = np.tile(np.arange(5), customers)
    rep = np.repeat(rng.integers(0, 2, customers), 5)
    spend = np.exp(np.round(rng.normal(4, 1, customers)) if ties else rng.normal(4, 1, customers))[customer]
    response = 1.0 if ties else rng.lognormal(-0.3, 0.8, len(action))
    cost = np.array([8.0, 2.0, 0.1, 3.0, 1.0])[action]
    value = 0.35 * spend * np.array([0.3, 0.12, 0.04, 0.1, 0.05])[action] * response - cost
    minutes = np.array([60.0, 15.0, 0.0, 0.0, 0.0])[action]
    usage = np.column_stack([minutes * (rep == 0), minutes * (rep == 1), action == 1, cost]).astype(float)
    kept = rng.random(len(action)) < 0.6
    options = pd.DataFrame({"customer": customer[kept], "value": value[kept]})
    capacity = customers * np.array([0.4, 0.4, 0.03, 0.2])
    return options, sparse.csr_array(usage[kept]), capacity


def test_two_thousand_customers_are_optimal_to_a_fiftieth_of_a_percent() -> None:
    """The solver proves it."""
    instance = random_base(2_000, 1)
    found = allocate(*instance)
    check(instance, found)
    assert found.gap <= 2e-4


@pytest.mark.parametrize(("ties", "gap"), [(False, 5e-4), (True, 3e-3)])
def test_a_large_plan_proves_its_gap(ties: bool, gap: float) -> None:
    """By prices; values of segments, which thousands of customers share, cost a little."""
    instance = random_base(20_000, 2, ties)
    found = allocate(*instance)
    check(instance, found)
    assert found.gap <= gap
    assert (found.prices[[0, 1, 3]] > 0).all()
    again = allocate(*instance)
    assert (again.chosen == found.chosen).all()


def test_equal_customers_are_told_apart_by_a_hash() -> None:
    """Of 400 equal customers 100 are chosen: not the first, not the last, and others with another seed."""
    options = pd.DataFrame({"customer": np.arange(400), "value": 1.0})
    chosen = [allocate(options, sparse.csr_array(np.ones((400, 1))), np.array([100.0]), seed=s).chosen for s in (1, 2)]
    for each in chosen:
        assert each.sum() == 100
        assert 10 <= each[:200].sum() <= 90
    assert (chosen[0] != chosen[1]).any()


def test_a_plan_of_nothing_is_an_answer() -> None:
    """No options, none that is worth its cost, or none that fits: nothing is chosen and nothing has a price."""
    none = pd.DataFrame({"customer": np.array([], int), "value": np.array([], float)})
    harmful = pd.DataFrame({"customer": [0, 0, 1], "value": [-1.0, -2.0, 0.0]})
    for options, amount in ((none, 1.0), (harmful, 1.0), (harmful.abs() + 1, 5.0)):
        found = allocate(options, sparse.csr_array(np.full((len(options), 1), amount)), np.array([3.0]))
        assert (found.chosen.sum(), found.value, found.gap, found.prices.tolist()) == (0, 0.0, 0.0, [0.0])


def test_the_price_is_what_one_more_unit_brings() -> None:
    """An hour more of a scarce limit brings what it is worth at the price before and at that after, or between them."""
    options, usage, capacity = random_base(2_000, 3)
    before = allocate(options, usage, capacity)
    after = allocate(options, usage, capacity + np.array([60.0, 0, 0, 0]))
    tolerance = (before.gap + after.gap) * after.bound
    assert 60 * after.prices[0] - tolerance <= after.value - before.value <= 60 * before.prices[0] + tolerance
    assert before.prices[0] >= after.prices[0] > 0
    assert allocate(options, usage, capacity + np.inf).prices.tolist() == [0.0] * 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda o, u, c: (o, u[:, [0]], c), "usage has the shape"),
        (lambda o, u, c: (o.assign(value=np.nan), u, c), "value that is no finite number"),
        (lambda o, u, c: (o, -u, c), "negative or not finite"),
        (lambda o, u, c: (o, u, c * np.nan), "capacity has a number that is negative or none"),
    ],
)
def test_numbers_that_are_none_are_refused(change: object, message: str) -> None:
    """One line says what was found."""
    with pytest.raises(PlanError, match=message):
        allocate(*change(*random_base(20, 1)))  # type: ignore[operator]


@pytest.mark.parametrize("solver", ["linprog", "milp", "both"])
def test_a_solver_that_gives_up_is_not_a_plan_of_nothing(solver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The prices find a plan, with a bound of their own and a small gap."""
    instance = random_base(300, 4)
    best = allocate(*instance)
    gave_up = optimize.OptimizeResult(status=4, x=None, mip_dual_bound=None)
    for name in ("linprog", "milp") if solver == "both" else (solver,):
        monkeypatch.setattr(optimize, name, lambda *_, **__: gave_up)
    found = allocate(*instance)
    check(instance, found)
    assert 0.98 * best.value < found.value <= best.value + 1e-9 <= found.bound + 1e-6


@pytest.mark.parametrize("wanted", [1, 40, 100])
def test_prices_alone_reach_a_minimum_that_costs(wanted: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each option costs more than it brings, nothing is worth more but is no answer: the cheapest are chosen."""
    monkeypatch.setattr(planning.allocation.allocate, "COLUMNS", 0)
    options = pd.DataFrame({"customer": np.arange(100), "value": -1.0 - np.arange(100) / 10})
    found = allocate(options, sparse.csr_array(np.ones((100, 1))), np.array([100.0]), minimum=np.array([wanted]))
    assert found.chosen.sum() == wanted
    assert found.value >= 1.05 * options["value"][:wanted].sum()
