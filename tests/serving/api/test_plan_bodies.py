"""Records become the cells that `regulars record` reads, to the digit."""

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from features.schema import AMOUNT_MAXIMUM
from planning.text_rows import number
from serving.api.plan_bodies import cells_of
from serving.plan_types import PlanRecord


def cells(**fields: Any) -> dict[str, str]:
    """Return the cells of a record in JSON."""
    return cells_of(msgspec.json.decode(json.dumps({"status": "done", **fields}), type=PlanRecord))


@given(st.floats(0, AMOUNT_MAXIMUM) | st.integers(0, int(AMOUNT_MAXIMUM)))
def test_numbers_are_the_same_in_a_cell(value: float) -> None:
    """However small they are."""
    assert number(cells(amount=value)["amount"]) == value


def test_what_is_not_given_is_no_cell() -> None:
    """Null, absent, and a note of nothing but space; space around a text is none of it."""
    assert cells(note="  ", rep=None, plan_item=" P1 ") == {"status": "done", "plan_item": "P1"}


def test_an_apostrophe_before_an_id_is_part_of_it() -> None:
    """In a cell the first one is a spreadsheet's, so there are two."""
    assert cells(customer_id="'s-Gravenhage")["customer_id"] == "''s-Gravenhage"
