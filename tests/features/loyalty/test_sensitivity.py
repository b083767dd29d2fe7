"""Sensitivity: the counts are those of scoring twice, and a moved weight pulls scores towards its part."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import FormulaError
from features.loyalty.formula import load_formula
from features.loyalty.scoring import score
from features.loyalty.sensitivity import changed_customers, sensitivity

RULE = load_formula()

counts = st.one_of(st.just(math.nan), st.integers(0, 12).map(float))
tables = st.lists(st.fixed_dictionaries(dict.fromkeys(RULE.columns, counts)), max_size=30).map(
    lambda rows: pd.DataFrame(rows, columns=list(RULE.columns), dtype="float64")
)


def simulated(customers: int) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    table = pd.DataFrame({name: rng.poisson(3, customers).astype(float) for name in RULE.columns})
    table["net_spend_365"] = rng.gamma(1, 400, customers)
    table.index = pd.Index([f"c{i}" for i in range(customers)], name="customer_id")
    return table


def test_counts_are_those_of_scoring_twice() -> None:
    """Each row equals the bands of `score` under the rule compared with those under the moved rule."""
    features = simulated(2000)
    before = score(features, RULE)["band"].cat.codes
    found = sensitivity(features, RULE, 0.25)
    assert found["changed"].sum() > 100
    for _, name, change, weight, _, _, up, down, _ in found.itertuples():
        assert weight == RULE.part(name).weight * (1 + change)
        parts = [replace(part, weight=weight) if part.name == name else part for part in RULE.parts]
        after = score(features, replace(RULE, parts=tuple(parts)))["band"].cat.codes
        assert (up, down) == ((after > before).sum(), (after < before).sum())


@settings(deadline=None, max_examples=50)
@given(tables, st.floats(0.01, 0.99))
def test_up_and_down_make_the_changed(features: pd.DataFrame, change: float) -> None:
    """Two rows a part; changed = up + down <= customers with a score; share is their ratio."""
    found = sensitivity(features, RULE, change)
    assert found["part"].tolist() == [part.name for part in RULE.parts for _ in range(2)]
    assert found["change"].tolist() == [change, -change] * len(RULE.parts)
    assert (found["changed"] == found["up"] + found["down"]).all()
    scored = score(features, RULE)["loyalty_score"].notna().sum()
    assert (found["customers"] == scored).all()
    if scored:
        assert (found["share"] == found["changed"] / scored).all()
    else:
        assert found["share"].isna().all()


@settings(deadline=None, max_examples=50)
@given(tables, st.sampled_from([part.name for part in RULE.parts]), st.floats(-0.9, 2))
def test_listed_customers_are_the_counted_and_move_towards_the_part(
    features: pd.DataFrame, part: str, change: float
) -> None:
    """More weight lifts those whose part is above their score, lowers the rest; all who change are listed."""
    listed = changed_customers(features, RULE, part, change)
    assert (listed["band"] != listed["band_moved"]).all()
    p = 100 * score(features, RULE)[f"part_{part}"][listed.index]
    towards = np.sign(change) * np.sign(p - listed["loyalty_score"])
    assert (np.sign(listed["loyalty_score_moved"] - listed["loyalty_score"]) == towards).all()
    if 0 < abs(change) < 1:
        rows = sensitivity(features, RULE, abs(change)).set_index(["part", "change"])
        assert rows.loc[(part, change), "changed"] == len(listed)


def test_listed_customers_show_both_scores() -> None:
    """The list keeps the customers' index and gives the scores and bands of both rules."""
    features = simulated(500)
    listed = changed_customers(features, RULE, "visits", 1.0)
    assert listed.index.name == "customer_id"
    assert list(listed) == ["loyalty_score", "loyalty_score_moved", "band", "band_moved"]
    assert len(listed) > 10
    expected = score(features, RULE).loc[listed.index, ["loyalty_score", "band"]]
    pd.testing.assert_frame_equal(listed[["loyalty_score", "band"]], expected)


def test_one_part_has_no_weight_to_feel() -> None:
    """With a single part the weight cancels and nobody changes."""
    assert sensitivity(simulated(500), RULE.only("amount"))["changed"].tolist() == [0, 0]


@pytest.mark.parametrize("change", [0, 1, -0.1, math.nan])
def test_change_must_be_a_share(change: float) -> None:
    """A change outside 0..1 is refused."""
    with pytest.raises(ValueError, match=f"change: found {change}, expected a share between 0 and 1"):
        sensitivity(simulated(1), RULE, change)


def test_bad_arguments_are_named() -> None:
    """An unknown part is answered with the known ones, a change below -1 with the limit."""
    with pytest.raises(FormulaError, match="'rating', expected one of purchases"):
        changed_customers(simulated(1), RULE, "rating", 0.1)
    with pytest.raises(ValueError, match="change: found -1, expected more than -1"):
        changed_customers(simulated(1), RULE, "visits", -1)
