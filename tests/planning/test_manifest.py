"""The manifest: an id from all that goes in, a catalogue that comes back, sums that are right."""

import json
from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from planning.allocation.limits import Limits
from planning.catalogue.catalogue_file import PRESETS, load_catalogue
from planning.manifest import (
    catalogue_of,
    catalogue_table,
    chance_over_budget,
    changed_inputs,
    identity,
    limit_rows,
    plain,
    plan_digests,
    value_rows,
)
from planning.options.earlier_plans import EarlierPlans


def test_another_input_is_another_plan() -> None:
    """The order of keys is none."""
    assert identity("2026-W48", {"a": 1, "b": 2}) == identity("2026-W48", {"b": 2, "a": 1})
    assert identity("2026-W48", {"a": 1}) != identity("2026-W48", {"a": 2})


@pytest.mark.parametrize("preset", PRESETS)
def test_a_catalogue_comes_back(preset: str) -> None:
    """Through JSON, equal in every field."""
    catalogue = load_catalogue(preset)
    assert catalogue_of(json.loads(json.dumps(catalogue_table(catalogue)))) == catalogue


def test_limits_with_use_and_price() -> None:
    """A minimum has no capacity, and its price is not shown as worth."""
    table = pd.DataFrame(
        [("a of R1", "a", "minutes", "R1", 60.0, 0.0), ("b", "", "minutes", None, np.inf, 5.0)],
        columns=["limit", "pool", "unit", "rep", "capacity", "minimum"],
    )
    limits = Limits(csr_array(np.array([[30.0, 1], [20, 2]])), table)
    first, second = limit_rows(limits, np.array([True, False]), np.array([0.5, -1.0]))
    assert (first["capacity"], first["used"], first["price"], first["rep"]) == (60, 30, 0.5, "R1")
    assert (second["capacity"], second["used"], second["price"], second["rep"]) == (None, 1, 0, None)


def test_widths_of_one_action_add_up() -> None:
    """Its effect is uncertain for all at once; those of different actions are independent."""
    done = pd.DataFrame({"action": ["a", "a", "b"], "event_type": "visit", "channel": ["phone", "phone", "email"]})
    done = done.assign(value=[1.0, 2, 3], value_width=[1.0, 2, 4], cost_expected=[1.0, 1, 1], guessed=True)
    found = value_rows(done)
    assert (found["rows"], found["counts"], found["cost"]) == (3, {"phone": 2, "email": 1}, 3)
    assert found["high"] - found["expected"] == pytest.approx(1.2815515594 * 5)


def test_the_chance_to_overspend() -> None:
    """Half when all of the budget is expected to be spent, none for fixed cost."""
    catalogue = load_catalogue("retail")
    pools = [
        msgspec.structs.replace(each, amount=510.0) if each.unit == "currency" else each for each in catalogue.pools
    ]
    catalogue = msgspec.structs.replace(catalogue, pools=tuple(pools))
    rows = pd.DataFrame({"action": ["coupon_5"] * 100, "cost_expected": 5.1, "face": 5.0})
    assert chance_over_budget(rows, catalogue) == pytest.approx(0.5)
    assert chance_over_budget(rows[:50], catalogue) < 1e-6
    assert chance_over_budget(rows.assign(action="visit", cost_expected=6.0, face=0.0), catalogue) == 0


def test_the_chance_to_overspend_of_each_rep() -> None:
    """Where each rep has a budget, that of the rep who is nearest to it: not what all spend beside one's amount."""
    catalogue = load_catalogue("retail")
    pools = [
        msgspec.structs.replace(each, amount=510.0, per="rep") if each.unit == "currency" else each
        for each in catalogue.pools
    ]
    catalogue = msgspec.structs.replace(catalogue, pools=tuple(pools))
    rows = pd.DataFrame({"action": ["coupon_5"] * 150, "cost_expected": 5.1, "face": 5.0})
    rows["rep"] = ["R1"] * 100 + ["R2"] * 50
    assert chance_over_budget(rows, catalogue) == pytest.approx(0.5)
    assert chance_over_budget(rows[50:], catalogue) < 1e-6


def test_plain_values() -> None:
    """No bit of a sum, no infinity, no NumPy."""
    found = plain({"a": np.float64(0.1) + 0.2, "b": (np.inf, np.int64(3)), "c": "x", "d": None})
    assert found == {"a": 0.3, "b": [None, 3], "c": "x", "d": None}
    assert json.dumps(found)


def test_digests_of_customers() -> None:
    """Follow the content, not the order of rows."""
    table, none = pd.DataFrame({"rep": ["a", "b"]}, index=["C1", "C2"]), EarlierPlans()
    assert plan_digests([], none, table) == plan_digests([], none, table[::-1])
    assert plan_digests([], none, table) != plan_digests([], none, table.assign(rep="a"))
    assert set(plan_digests([], none, None)) == {"plans", "records"}


def test_digests_of_the_history() -> None:
    """Follow what earlier plans and their records say, in whatever order."""
    row = {"customer_id": "C1", "action": "phone", "channel": "phone", "reason": "opted_out"}
    skips = pd.DataFrame([row, {**row, "customer_id": "C2"}]).assign(recorded_at=pd.Timestamp("2026-01-02", tz="UTC"))
    earlier_plans = EarlierPlans({"C1": np.int64(3), "C2": 4}, frozenset({"C3", "C4"}), skips)  # type: ignore[dict-item]
    digest = plan_digests([], earlier_plans, None)["records"]
    turned = EarlierPlans({"C2": 4, "C1": 3}, frozenset({"C4", "C3"}), skips[::-1])
    assert plan_digests([], turned, None)["records"] == digest
    for changed in (
        replace(earlier_plans, contacts={"C1": 3}),
        replace(earlier_plans, control=frozenset()),
        replace(earlier_plans, skips=skips[:1]),
    ):
        assert plan_digests([], changed, None)["records"] != digest


def test_changed_inputs_are_named() -> None:
    """Each by itself, and none of equal ones."""
    former = {"digests": {"store": "a", "plans": {}, "records": "h"}, "seed": 0, "forecasts": {"source": "x"}}
    assert changed_inputs(former, former) == []
    assert changed_inputs(former, {**former, "digests": {**former["digests"], "store": "b"}}) == ["the event log"]  # type: ignore[dict-item]
    assert changed_inputs(former, {**former, "forecasts": {"source": "y"}}) == ["the forecasts"]
