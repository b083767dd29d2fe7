"""The border of a plan, and what another budget or one rep less would bring."""

import msgspec
import numpy as np
import pandas as pd
import pytest

from planning.allocation.allocate import Allocation, allocate
from planning.allocation.limits import Limits, make_limits
from planning.allocation.what_if import borderline, what_ifs
from planning.catalogue.actions import Action, Catalogue, Minimum, Pool

VISIT = Action("visit", "visit", "face_to_face", 0.2, 0.1, minutes=60, pools=("hours", "budget"))
MAIL = Action("mail", "visit", "email", 0.2, 0.1, pools=("budget",))
CATALOGUE = Catalogue(
    *("1", "EUR", 0.4, 90, (Pool("hours", "minutes", 60, "rep"), Pool("budget", "currency", 3)), (VISIT, MAIL))
)
OPTIONS = pd.DataFrame(
    {
        "customer": [0, 0, 1, 2, 3],
        "customer_id": ["a", "a", "b", "c", "d"],
        "action": ["visit", "mail", "visit", "visit", "mail"],
        "rep": ["R1", "R1", "R1", "R2", None],
        "minutes": [60.0, 0, 60, 60, 0],
        "cost_expected": [1.0, 1, 1, 1, 1],
        "value": [9.0, 2, 8.5, 5, 1],
    }
)


def solve(options: pd.DataFrame, limits: Limits) -> Allocation:
    return allocate(options, limits.usage, limits.capacity)


@pytest.fixture
def solved() -> tuple[Limits, Allocation]:
    """Mail to a, who gives the visit to b: 2 + 8.5 is more than 9 + 1; a visit to c."""
    limits = make_limits(OPTIONS, CATALOGUE)
    return limits, solve(OPTIONS, limits)


def drawn_of(chosen: np.ndarray, control: tuple[int, ...] = (), exploration: tuple[int, ...] = ()) -> pd.DataFrame:
    """The rows of the chosen options, some left alone, and more that are drawn to learn from."""
    index = sorted({*np.flatnonzero(chosen), *exploration})
    arms = ["leave" if row in control else "do" for row in index]
    return pd.DataFrame({"arm": arms, "exploration": [row in exploration for row in index]}, index)


def test_the_border(solved: tuple[Limits, Allocation]) -> None:
    """The chosen by rising surplus, the others by falling surplus, nobody on both sides."""
    limits, allocation = solved
    assert OPTIONS[allocation.chosen]["customer_id"].tolist() == ["a", "b", "c"]
    border = borderline(OPTIONS, limits, allocation, drawn_of(allocation.chosen))
    assert {row["customer_id"] for row in border["last_in"]} == {"a", "b", "c"}
    assert [row["customer_id"] for row in border["first_out"]] == ["d"]
    reasons = {row["customer_id"]: row["limits"] for row in (*border["last_in"], *border["first_out"])}
    assert "hours of R1" in reasons["b"]
    assert reasons["d"] == ["budget"]
    surpluses = [row["surplus"] for row in border["last_in"]]
    assert surpluses == sorted(surpluses)
    assert surpluses[0] >= -1e-9 >= border["first_out"][0]["surplus"] - 1e-9


def test_nobody_left_alone_is_at_the_border(solved: tuple[Limits, Allocation]) -> None:
    """Neither one of the chosen nor one drawn to learn from, on either side."""
    limits, allocation = solved
    held_out = int(np.flatnonzero(allocation.chosen)[0])
    for exploration in ((), (4,)):
        drawn = drawn_of(allocation.chosen, (held_out, 4), exploration)
        border = borderline(OPTIONS, limits, allocation, drawn)
        assert {row["customer_id"] for row in border["last_in"]} == {"b", "c"}
        assert {row["customer_id"] for row in border["first_out"]} == (set() if exploration else {"d"})


def test_a_minimum_with_two_reps(solved: tuple[Limits, Allocation]) -> None:
    """Goals follow the rows that stay; a minimum of money is no budget; what cannot be reached has no value."""
    catalogue = msgspec.structs.replace(CATALOGUE, minimums=(Minimum("satisfaction", "budget", 0.6),))
    goals = pd.Series(["satisfaction", "loyalty", "satisfaction", "satisfaction", "loyalty"])
    limits = make_limits(OPTIONS, catalogue, goals)

    def solve_all(options: pd.DataFrame, bounds: Limits) -> Allocation:
        names = tuple(bounds.table["limit"])
        return allocate(options, bounds.usage, bounds.capacity, minimum=bounds.minimum, limit_names=names)

    rows = what_ifs(OPTIONS, catalogue, limits, solve_all(OPTIONS, limits), solve_all, goals)
    assert [(row["change"], row["name"], row["factor"]) for row in rows] == [
        ("budget", "budget", 0.8),
        ("budget", "budget", 1.2),
        ("rep", "R2", 0.0),
    ]
    assert rows[0]["value"] == 14
    assert rows[2] == {
        **{"change": "rep", "name": "R2", "factor": 0.0},
        **{"value": None, "difference": None, "chosen": None},
    }


def test_each_what_if_is_solved_anew(solved: tuple[Limits, Allocation]) -> None:
    """A fifth less of the budget buys two contacts, without R2 the visit to c is gone and d gets the mail."""
    limits, allocation = solved
    rows = {(row["change"], row["factor"]): row for row in what_ifs(OPTIONS, CATALOGUE, limits, allocation, solve)}
    assert rows[("budget", 0.8)]["value"] == 14  # the visits to a and c
    assert rows[("budget", 1.2)]["difference"] == 0
    least = rows[("rep", 0.0)]
    assert (least["name"], least["value"], least["difference"]) == ("R2", 11.5, -4)
    assert least["chosen"] == 3


def test_nothing_chosen_and_one_rep() -> None:
    """No border within, and no rep to leave out."""
    options = OPTIONS[:3].assign(value=-1.0)
    limits = make_limits(options, CATALOGUE)
    allocation = solve(options, limits)
    assert not np.any(allocation.chosen)
    assert borderline(options, limits, allocation, drawn_of(allocation.chosen))["last_in"] == []
    assert [row["change"] for row in what_ifs(options, CATALOGUE, limits, allocation, solve)] == ["budget", "budget"]
