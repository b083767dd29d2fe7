"""The border of a plan, and what another budget or one rep less would bring."""

import numpy as np
import pandas as pd
import pytest

from planning.actions import Action, Catalogue, Pool
from planning.allocate import Allocation, allocate
from planning.limits import Limits, make_limits
from planning.what_if import borderline, what_ifs

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


def test_the_border(solved: tuple[Limits, Allocation]) -> None:
    """The chosen by rising surplus, the others by falling surplus, nobody on both sides."""
    limits, allocation = solved
    assert OPTIONS[allocation.chosen]["customer_id"].tolist() == ["a", "b", "c"]
    border = borderline(OPTIONS, limits, allocation)
    assert {row["customer_id"] for row in border["last_in"]} == {"a", "b", "c"}
    assert [row["customer_id"] for row in border["first_out"]] == ["d"]
    surpluses = [row["surplus"] for row in border["last_in"]]
    assert surpluses == sorted(surpluses)
    assert surpluses[0] >= -1e-9 >= border["first_out"][0]["surplus"] - 1e-9


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
    assert borderline(options, limits, allocation)["last_in"] == []
    assert [row["change"] for row in what_ifs(options, CATALOGUE, limits, allocation, solve)] == ["budget", "budget"]
